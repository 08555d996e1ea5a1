import { describe, expect, it } from 'vitest';
import type { SandboxState, Snapshot } from '../api/index.ts';
import { formatOverview, isStarting, type Overview, toOverview } from './overview.ts';

const body = Buffer.from('# HELP kata_a A.\n# TYPE kata_a gauge\nkata_a 1\n\nkata_b{c="#"} 2\nkata_c 3');

interface Sandbox {
  readonly state?: SandboxState;
  readonly reasons?: readonly string[];
  readonly cpuSeconds?: number;
  /** Default: when the collection ends. */
  readonly readSeconds?: number;
}

/** A busy guest, and what else is given. */
function overview(nowSeconds: number, sandboxes: readonly Sandbox[], previous?: Overview): Overview {
  const snapshot = {
    node: { nowSeconds },
    sandboxes: sandboxes.map(({ state = 'running', reasons = [], cpuSeconds, readSeconds = nowSeconds }, i) => {
      const isKnown = cpuSeconds !== undefined;
      return {
        id: String(i).repeat(64),
        namespace: isKnown ? 'shop' : null,
        pod: isKnown ? 'web-0' : null,
        state,
        reasons,
        readSeconds: isKnown ? readSeconds : null,
        rates: null,
        samples: isKnown ? 931 : 0,
        cpu: { usageSecondsTotal: cpuSeconds ?? null, cores: isKnown ? 2 : null },
        memory: { workingSetBytes: isKnown ? 158 * 2 ** 20 : null, totalBytes: isKnown ? 2 ** 29 : null },
        host: { memoryBytes: isKnown ? 610 * 2 ** 20 : null, cpuSecondsTotal: null, overheadMemoryBytes: null },
        network: { receiveBytesTotal: null, transmitBytesTotal: null },
        disk: { readBytesTotal: null, writtenBytesTotal: null },
        agent: { millisecondsTotal: isKnown ? 30 : null, callsTotal: isKnown ? 5 : null },
      };
    }),
  } as unknown as Snapshot;
  return toOverview({ snapshot, body, scrapeMs: 12.4 }, previous);
}

describe('the table of up', () => {
  it('has what is known, and a hyphen for what is not', () => {
    const before = overview(1000, [{ cpuSeconds: 7 }]);
    const down = { state: 'unresponsive', reasons: ['timeout'] } as const;
    expect(formatOverview(overview(1002, [{ cpuSeconds: 8.96 }, down], before))).toBe(
      [
        'POD           STATE                        CPU                 MEMORY   HOST MEM  OVERHEAD   AGENT  SAMPLES',
        'shop/web-0    running                 0.98 / 2  158.0 MiB / 512.0 MiB  610.0 MiB         -  6.0 ms      931',
        '111111111111  unresponsive (timeout)         -                      -          -         -       -        0',
        '',
        'CPU: cores in use / cores of the guest.',
        'This scrape: 3 samples, 71 B, 12 ms',
        '',
      ].join('\n'),
    );
  });

  // Rates were measured over the collection: with an unresponsive shim, which delays its end by seconds, they were a fraction.
  it('measures rates from the response of a shim to its next one, however long others delay the collection', () => {
    const stopped = { state: 'unresponsive', reasons: ['timeout'] } as const;
    const before = overview(1000, [{ cpuSeconds: 10, readSeconds: 1000 }, {}]);
    const after = overview(1005, [{ cpuSeconds: 12, readSeconds: 1002 }, stopped], before);
    expect(after.rows[0]?.rates.cpuCores).toBeCloseTo(1, 10);
    const later = overview(1007, [{ cpuSeconds: 17, readSeconds: 1007 }, stopped], after);
    expect(later.rows[0]?.rates.cpuCores).toBeCloseTo(1, 10);
  });

  it('says that there is no sandbox', () => {
    expect(formatOverview(overview(0, []))).toBe('No sandboxes\n\nThis scrape: 3 samples, 71 B, 12 ms\n');
  });

  it.each([
    ['booting', true],
    ['starting', true],
    ['running', false],
    ['guest-unresponsive', false],
    ['unresponsive', false],
  ] as const)('takes a guest that is %s as starting: %s', (state, expected) => {
    expect(isStarting(overview(0, [{ cpuSeconds: 1 }, { state }]))).toBe(expected);
  });
});
