/**
 * The shim's two histograms of remote calls and its count of refused samples. Filled by the line to the agent; the container
 * manager's side fills the other one when the shim has such a side.
 */
import { type CatalogFamily, LabelledCounter, LabelledHistogram } from '../collectors/index.ts';

/** 1, 2, 4 … 512 ms. */
const BUCKETS_MS: readonly number[] = Array.from({ length: 10 }, (_, power) => 2 ** power);

export interface ShimCounters {
  readonly collect: () => CatalogFamily[];
  /** `action` is the method of the container manager's call, such as `close_io`. */
  readonly observeTaskRpc: (action: string, durationMs: number) => void;
  readonly observeAgentRpc: (action: string, durationMs: number) => void;
  readonly countRefused: (reason: string, samples: number) => void;
}

export function createShimCounters(): ShimCounters {
  const agentRpc = new LabelledHistogram('kata_shim_agent_rpc_durations_histogram_milliseconds', 'action', BUCKETS_MS);
  // Without a container manager that calls the shim, this one is there without samples.
  const taskRpc = new LabelledHistogram('kata_shim_rpc_durations_histogram_milliseconds', 'action', BUCKETS_MS);
  const refused = new LabelledCounter('kata_shim_agent_refused_samples_total', 'reason');
  return {
    collect: () => [agentRpc, taskRpc, refused].map((metric) => metric.collect()),
    observeTaskRpc: (action, durationMs) => taskRpc.observe(action, durationMs),
    observeAgentRpc: (action, durationMs) => agentRpc.observe(action, durationMs),
    countRefused: (reason, samples) => refused.add(reason, samples),
  };
}
