import { describe, expect, it } from 'vitest';
import { formatOverview, readOverview } from './overview.ts';

const answer = `
kata_sandbox_up{sandbox_id="bbbbbbbbbbbbbbbb",cri_uid=""} 0
kata_sandbox_scrape_error{sandbox_id="bbbbbbbbbbbbbbbb",reason="timeout"} 1
kata_sandbox_up{sandbox_id="aaaaaaaaaaaaaaaa"} 1
kata_shim_agent_up{sandbox_id="aaaaaaaaaaaaaaaa"} 1
kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.GetMetricsRequest",sandbox_id="aaaaaaaaaaaaaaaa"} 33
kata_shim_agent_rpc_durations_histogram_milliseconds_count{action="grpc.GetMetricsRequest",sandbox_id="aaaaaaaaaaaaaaaa"} 4
kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.CheckRequest",sandbox_id="aaaaaaaaaaaaaaaa"} 1000
kata_shim_process_start_time_seconds{sandbox_id="aaaaaaaaaaaaaaaa"} 1000
kata_guest_load{item="load1",sandbox_id="aaaaaaaaaaaaaaaa"} 0.5
kata_guest_meminfo{item="mem_available",sandbox_id="aaaaaaaaaaaaaaaa"} 1073741824
kata_hypervisor_proc_status{item="vmrss",sandbox_id="aaaaaaaaaaaaaaaa"} 2048
kata_monitor_scrape_count 7
`;
const overview = readOverview(Buffer.from(answer), { nowSeconds: 1090.5, scrapeMs: 12.4 });

describe('the overview of a node', () => {
  it('takes the figures of each sandbox from the answer of its monitor', () => {
    const [a, b, ...more] = overview.sandboxes;
    expect(more).toEqual([]);
    expect(a).toEqual({
      id: 'aaaaaaaaaaaaaaaa',
      isUp: true,
      error: undefined,
      ageSeconds: 90.5,
      isAgentUp: true,
      agentRpcMs: 8.25,
      load1: 0.5,
      memoryAvailableBytes: 2 ** 30,
      hypervisorRssBytes: 2 ** 21,
      shimRssBytes: undefined,
      overheadCpuPercent: undefined,
      samples: 9,
    });
    expect(b).toMatchObject({
      id: 'bbbbbbbbbbbbbbbb',
      isUp: false,
      error: 'timeout',
      isAgentUp: undefined,
      agentRpcMs: undefined,
      samples: 2,
    });
    expect(overview).toMatchObject({ samples: 12, bytes: answer.length, scrapeMs: 12.4 });
  });

  it('prints what is known, and a hyphen for what is not', () => {
    expect(formatOverview(overview)).toBe(
      [
        'SANDBOX       STATE          AGE  AGENT     RPC  LOAD1  GUEST AVAIL  VMM RSS  SHIM RSS  OVERHEAD CPU  SAMPLES',
        'aaaaaaaaaaaa  up              1m  up     8.3 ms   0.50      1.0 GiB  2.0 MiB         -             -        9',
        'bbbbbbbbbbbb  down: timeout    -  -           -      -            -        -         -             -        2',
        '',
        'This scrape: 12 samples, 929 B, 12 ms',
        '',
      ].join('\n'),
    );
  });

  it('says that there is no sandbox', () => {
    const empty = readOverview(Buffer.from('kata_a 1\nkata_b 1\n'), { nowSeconds: 0, scrapeMs: 1 });
    expect(formatOverview(empty)).toBe('No sandboxes\n\nThis scrape: 2 samples, 18 B, 1 ms\n');
  });
});
