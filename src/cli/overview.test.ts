import { describe, expect, it } from 'vitest';
import { formatOverview, readOverview } from './overview.ts';

const a = 'sandbox_id="aaaaaaaaaaaaaaaa",cri_name="web-0",cri_namespace="shop"';
const b = 'sandbox_id="bbbbbbbbbbbbbbbb",cri_name="",cri_namespace=""';

/** A busy guest and one that does not respond, after so many seconds. */
const response = (seconds: number): string => `
kata_sandbox_up{${b}} 0
kata_sandbox_guest_up{${b}} 0
kata_sandbox_scrape_error{${b},reason="timeout"} 1
kata_sandbox_up{${a}} 1
kata_sandbox_guest_up{${a}} 1
kata_shim_agent_up{${a}} 1
kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.GetMetricsRequest",${a}} ${32 + 3 * seconds}
kata_shim_agent_rpc_durations_histogram_milliseconds_count{action="grpc.GetMetricsRequest",${a}} ${4 + seconds / 2}
kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.CheckRequest",${a}} 1000
kata_sandbox_cpu_usage_seconds_total{${a}} ${7 + 0.98 * seconds}
kata_sandbox_cpu_cores{${a}} 2
kata_sandbox_memory_working_set_bytes{${a}} ${158 * 2 ** 20}
kata_sandbox_memory_total_bytes{${a}} ${512 * 2 ** 20}
kata_sandbox_host_memory_bytes{${a}} ${610 * 2 ** 20}
kata_sandbox_overhead_memory_bytes{${a}} ${452 * 2 ** 20}
kata_monitor_scrape_count 7
`;

const read = (seconds: number, previous?: ReturnType<typeof readOverview>) =>
  readOverview(Buffer.from(response(seconds)), { nowSeconds: 1000 + seconds, scrapeMs: 12.4, previous });

describe('the overview of a node', () => {
  it('takes the values of each sandbox from the response of its monitor', () => {
    const { sandboxes, ...rest } = read(0);
    expect(sandboxes).toMatchObject([
      {
        id: 'aaaaaaaaaaaaaaaa',
        pod: 'shop/web-0',
        state: 'running',
        isAgentUp: true,
        guestCpuCores: undefined,
        guestCpus: 2,
        agentRpcMs: 8,
        samples: 12,
      },
      { id: 'bbbbbbbbbbbbbbbb', pod: undefined, state: 'down: timeout', isAgentUp: undefined, samples: 3 },
    ]);
    expect(rest).toEqual({ samples: 16, bytes: response(0).length, scrapeMs: 12.4, nowSeconds: 1000 });
  });

  it('measures rates from the last reading, and has none over a counter that was started again', () => {
    const first = read(0);
    const second = read(2, first);
    expect(second.sandboxes[0]?.guestCpuCores).toBeCloseTo(0.98, 10);
    expect(second.sandboxes[0]?.agentRpcMs).toBeCloseTo(6, 10);
    expect(read(1, second).sandboxes[0]).toMatchObject({ guestCpuCores: undefined, agentRpcMs: 35 / 4.5 });
  });

  it('prints what is known, and a hyphen for what is not', () => {
    expect(formatOverview(read(2, read(0)))).toBe(
      [
        'POD           STATE          GUEST CPU         MEM USED/TOTAL   HOST MEM   OVERHEAD  AGENT RPC  SAMPLES',
        'shop/web-0    running         0.98 / 2  158.0 MiB / 512.0 MiB  610.0 MiB  452.0 MiB     6.0 ms       12',
        'bbbbbbbbbbbb  down: timeout          -                      -          -          -          -        3',
        '',
        'GUEST CPU: cores in use / cores of the guest.',
        `This scrape: 16 samples, 1.7 KiB, 12 ms`,
        '',
      ].join('\n'),
    );
  });

  it('says that there is no sandbox', () => {
    const empty = readOverview(Buffer.from('kata_a 1\nkata_b 1\n'), { nowSeconds: 0, scrapeMs: 1 });
    expect(formatOverview(empty)).toBe('No sandboxes\n\nThis scrape: 2 samples, 18 B, 1 ms\n');
  });
});

describe('the state of a sandbox', () => {
  const up = 'kata_sandbox_up{sandbox_id="a"} 1\n';
  const young = 'kata_shim_process_start_time_seconds{sandbox_id="a"} 990\n';
  const error = (reason: string): string => `kata_sandbox_scrape_error{sandbox_id="a",reason="${reason}"} 1\n`;
  const info = (version: string): string => `kata_shim_sandbox_info{sandbox_id="a",agent_version="${version}"} 1\n`;

  it.each([
    ['its guest responds', `${up}kata_sandbox_guest_up{sandbox_id="a"} 1\n`, 'running'],
    [
      'a part of it is faulty',
      `${up}kata_sandbox_guest_up{sandbox_id="a"} 1\n${error('bad_value')}`,
      'running (bad_value)',
    ],
    ['its guest has not responded yet', up + young + info(''), 'booting'],
    ['its guest responds no more', up + young + info('0.1.0'), 'guest-unresponsive'],
    ['its runtime does not report its age', up, 'guest-unresponsive'],
    ['its shim has no socket yet', `kata_sandbox_up{sandbox_id="a"} 0\n${error('starting')}`, 'starting'],
    ['its shim does not respond', `kata_sandbox_up{sandbox_id="a"} 0\n${error('refused')}`, 'down: refused'],
  ])('when %s', (_, body, state) => {
    const { sandboxes } = readOverview(Buffer.from(body), { nowSeconds: 1000, scrapeMs: 1 });
    expect(sandboxes[0]?.state).toBe(state);
  });
});
