import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { encodeText } from '../exposition/index.ts';
import { collectFromPromClient } from './from-prom-client.ts';

describe('collectFromPromClient', () => {
  it('keeps labels before le, and the help of the catalog', async () => {
    const registry = new Registry();
    const histogram = new Histogram({
      name: 'kata_shim_agent_rpc_durations_histogram_milliseconds',
      help: 'not used',
      labelNames: ['action'],
      buckets: [1, 2],
      registers: [registry],
    });
    histogram.observe({ action: 'grpc.CheckRequest' }, 1.5);
    expect(String(encodeText(await collectFromPromClient(registry)))).toBe(
      `# HELP kata_shim_agent_rpc_durations_histogram_milliseconds RPC latency distributions. Duration of RPCs from the shim to the agent, in milliseconds.
# TYPE kata_shim_agent_rpc_durations_histogram_milliseconds histogram
kata_shim_agent_rpc_durations_histogram_milliseconds_bucket{action="grpc.CheckRequest",le="1"} 0
kata_shim_agent_rpc_durations_histogram_milliseconds_bucket{action="grpc.CheckRequest",le="2"} 1
kata_shim_agent_rpc_durations_histogram_milliseconds_bucket{action="grpc.CheckRequest",le="+Inf"} 1
kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.CheckRequest"} 1.5
kata_shim_agent_rpc_durations_histogram_milliseconds_count{action="grpc.CheckRequest"} 1
`,
    );
  });

  it('returns a histogram without observations without samples', async () => {
    const registry = new Registry();
    new Histogram({
      name: 'kata_shim_rpc_durations_histogram_milliseconds',
      help: 'x',
      labelNames: ['action'],
      registers: [registry],
    });
    expect(await collectFromPromClient(registry)).toMatchObject([{ type: 'histogram', samples: [] }]);
  });

  it('refuses a metric that is not in the catalog', async () => {
    const registry = new Registry();
    new Counter({ name: 'kata_made_up_total', help: 'x', registers: [registry] });
    await expect(collectFromPromClient(registry)).rejects.toThrow('Metric "kata_made_up_total" is not in the catalog');
  });

  it('refuses a metric of another type', async () => {
    const registry = new Registry();
    new Counter({ name: 'kata_shim_threads', help: 'x', registers: [registry] });
    await expect(collectFromPromClient(registry)).rejects.toThrow('is a counter, in the catalog it is a gauge');
  });
});
