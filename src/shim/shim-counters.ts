/**
 * The two histograms of the shim about remote calls, its count of refused samples, and the times of its start. The
 * connection to the agent fills one histogram, the calls of the container manager the other one, if the shim has such
 * calls.
 */
import { type CatalogFamily, LabelledCounter, LabelledHistogram, singleFamily } from '../collectors/index.ts';

/** 1, 2, 4 … 512 ms. */
const BUCKETS_MS: readonly number[] = Array.from({ length: 10 }, (_, power) => 2 ** power);

export interface ShimCounters {
  readonly collect: () => CatalogFamily[];
  /** `action` is the method of the container manager's call, such as `close_io`. */
  readonly observeTaskRpc: (action: string, durationMs: number) => void;
  readonly observeAgentRpc: (action: string, durationMs: number) => void;
  readonly countRefused: (reason: string, samples: number) => void;
  /** The agent is ready. Only the first call counts, as of the next one. */
  readonly observeAgentReady: () => void;
  readonly observeContainerStart: () => void;
}

export function createShimCounters(): ShimCounters {
  const agentRpc = new LabelledHistogram('kata_shim_agent_rpc_durations_histogram_milliseconds', 'action', BUCKETS_MS);
  // Without a container manager that calls the shim, this one is there without samples.
  const taskRpc = new LabelledHistogram('kata_shim_rpc_durations_histogram_milliseconds', 'action', BUCKETS_MS);
  const refused = new LabelledCounter('kata_shim_agent_refused_samples_total', 'reason');
  // Since the start of the process: one process is one shim.
  let agentReadyMs: number | undefined;
  let firstContainerMs: number | undefined;
  return {
    collect: () => [
      ...[agentRpc, taskRpc, refused].map((metric) => metric.collect()),
      ...(agentReadyMs === undefined ? [] : [singleFamily('kata_shim_agent_ready_seconds', toSeconds(agentReadyMs))]),
      ...(firstContainerMs === undefined
        ? []
        : [singleFamily('kata_shim_first_container_seconds', toSeconds(firstContainerMs))]),
    ],
    observeAgentReady: () => {
      agentReadyMs ??= performance.now();
    },
    observeContainerStart: () => {
      firstContainerMs ??= performance.now();
    },
    observeTaskRpc: (action, durationMs) => taskRpc.observe(action, durationMs),
    observeAgentRpc: (action, durationMs) => agentRpc.observe(action, durationMs),
    countRefused: (reason, samples) => refused.add(reason, samples),
  };
}

/** Digits after that are noise. */
function toSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
