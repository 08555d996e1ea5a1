/**
 * The shim's two histograms of remote calls and its count of refused samples, kept by prom-client. Filled by the line to
 * the agent; the container manager's side fills the other one when the shim has such a side.
 */
import { Counter, Histogram, Registry } from 'prom-client';

/** 1, 2, 4 … 512 ms. */
const BUCKETS_MS: readonly number[] = Array.from({ length: 10 }, (_, power) => 2 ** power);

export interface ShimCounters {
  readonly registry: Registry;
  /** `action` is the method of the container manager's call, such as `close_io`. */
  readonly observeTaskRpc: (action: string, durationMs: number) => void;
  readonly observeAgentRpc: (action: string, durationMs: number) => void;
  readonly countRefused: (reason: string, samples: number) => void;
}

export function createShimCounters(): ShimCounters {
  const registry = new Registry();
  const registers = [registry];
  const histogram = (name: string): Histogram<'action'> =>
    new Histogram({ name, help: name, labelNames: ['action'], buckets: [...BUCKETS_MS], registers });
  const agentRpc = histogram('kata_shim_agent_rpc_durations_histogram_milliseconds');
  // Without a container manager that calls the shim, this one is there without samples.
  const taskRpc = histogram('kata_shim_rpc_durations_histogram_milliseconds');
  const name = 'kata_shim_agent_refused_samples_total';
  const refused = new Counter({ name, help: name, labelNames: ['reason'], registers });
  return {
    registry,
    observeTaskRpc: (action, durationMs) => taskRpc.observe({ action }, durationMs),
    observeAgentRpc: (action, durationMs) => agentRpc.observe({ action }, durationMs),
    countRefused: (reason, samples) => refused.inc({ reason }, samples),
  };
}
