import { describe, expect, it } from 'vitest';
import { formatFigures, readFigures } from './overview.ts';

const answer = `
kata_sandbox_up{sandbox_id="bbbbbbbbbbbbbbbb",cri_uid=""} 0
kata_sandbox_scrape_error{sandbox_id="bbbbbbbbbbbbbbbb",reason="timeout"} 1
kata_sandbox_up{sandbox_id="aaaaaaaaaaaaaaaa"} 1
kata_shim_agent_up{sandbox_id="aaaaaaaaaaaaaaaa"} 1
kata_guest_load{item="load1",sandbox_id="aaaaaaaaaaaaaaaa"} 0.5
kata_guest_meminfo{item="mem_available",sandbox_id="aaaaaaaaaaaaaaaa"} 1073741824
kata_hypervisor_proc_status{item="vmrss",sandbox_id="aaaaaaaaaaaaaaaa"} 2048
kata_monitor_scrape_count 7
`;

describe('the overview of a node', () => {
  it('takes the figures of each sandbox from the answer of its monitor', () => {
    const [a, b, ...more] = readFigures(Buffer.from(answer));
    expect(more).toEqual([]);
    expect(a).toEqual({
      id: 'aaaaaaaaaaaaaaaa',
      isUp: true,
      error: undefined,
      isAgentUp: true,
      load1: 0.5,
      memoryAvailableBytes: 2 ** 30,
      hypervisorRssBytes: 2 ** 21,
      shimRssBytes: undefined,
      overheadCpuPercent: undefined,
      samples: 5,
    });
    expect(b).toMatchObject({
      id: 'bbbbbbbbbbbbbbbb',
      isUp: false,
      error: 'timeout',
      isAgentUp: undefined,
      samples: 2,
    });
  });

  it('prints what is known, and a hyphen for what is not', () => {
    expect(formatFigures(readFigures(Buffer.from(answer)))).toBe(
      [
        'SANDBOX       STATE          AGENT  LOAD1  GUEST AVAIL  VMM RSS  SHIM RSS  OVERHEAD CPU  SAMPLES',
        'aaaaaaaaaaaa  up             up      0.50      1.0 GiB  2.0 MiB         -             -        5',
        'bbbbbbbbbbbb  down: timeout  -          -            -        -         -             -        2',
        '',
      ].join('\n'),
    );
  });
});
