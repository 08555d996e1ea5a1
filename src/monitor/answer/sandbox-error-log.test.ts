import { describe, expect, it } from 'vitest';
import { sandboxIn } from '../../sandboxes/index.ts';
import type { SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';
import type { Log } from './log.ts';
import { SandboxErrorLog } from './sandbox-error-log.ts';

const result = (id: string, ...errors: SandboxErrorReason[]): SandboxResult => ({
  sandbox: sandboxIn('/sbs', id, 0),
  isUp: errors.length === 0,
  isGuestUp: errors.length === 0,
  scan: undefined,
  derived: undefined,
  facts: undefined,
  errors,
  dropped: new Map(),
  message: undefined,
  durationMs: undefined,
  respondedMs: undefined,
  successAgeMs: undefined,
});

/** Each scrape comes `everyMs` after the one before. */
function note(scrapes: SandboxResult[][], everyMs = 15_000): string[] {
  const lines: string[] = [];
  const write =
    (level: string) => (fields: { sandbox?: string; sandboxes?: number; first?: string; reason?: string }) => {
      const subject = fields.sandbox ?? `${fields.sandboxes} (${fields.first})`;
      lines.push([level, subject, fields.reason ?? ''].join(' ').trim());
    };
  const log = { info: write('info'), warn: write('warn') } as unknown as Log;
  let nowMs = 0;
  const errorLog = new SandboxErrorLog(log, { nowMs: () => nowMs });
  for (const scrape of scrapes) {
    errorLog.note(scrape);
    nowMs += everyMs;
  }
  return lines;
}

const burst = (count: number, ...errors: SandboxErrorReason[]): SandboxResult[] =>
  Array.from({ length: count }, (_, i) => result(`s${i}`, ...errors));

describe('SandboxErrorLog', () => {
  it('logs a change once', () => {
    expect(
      note([
        [result('a'), result('b', 'timeout')],
        [result('a'), result('b', 'timeout')],
      ]),
    ).toEqual(['warn b timeout']);
  });

  it('logs when the reason changes and when the sandbox recovers', () => {
    expect(note([[result('a', 'timeout')], [result('a', 'refused')], [result('a')], [result('a')]])).toEqual([
      'warn a timeout',
      'warn a refused',
      'info a',
    ]);
  });

  it('forgets a sandbox that is gone', () => {
    expect(note([[result('a', 'timeout')], [], [result('a')], [result('a', 'timeout')]])).toEqual([
      'warn a timeout',
      'warn a timeout',
    ]);
  });

  it('has one line for sandboxes that change in the same way', () => {
    expect(note([burst(500, 'starting'), burst(500), burst(2, 'refused')])).toEqual([
      'warn 500 (s0, s1, s2, s3, s4, ...) starting',
      'info 500 (s0, s1, s2, s3, s4, ...)',
      'warn 2 (s0, s1) refused',
    ]);
  });

  it('has one line in an interval for those that change one after the other, and forgets none', () => {
    const scrapes = Array.from({ length: 21 }, (_, i) => burst(i + 1, 'starting'));
    expect(note(scrapes, 1000)).toEqual([
      'warn s0 starting',
      'warn 10 (s1, s2, s3, s4, s5, ...) starting',
      'warn 10 (s11, s12, s13, s14, s15, ...) starting',
    ]);
  });

  it('does not log a change that was reverted within the interval', () => {
    expect(note([[result('a', 'reset')], [result('b', 'reset')], [result('b')], [result('b')]], 1000)).toEqual([
      'warn a reset',
    ]);
  });
});
