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
  figures: undefined,
  errors,
  dropped: new Map(),
  message: undefined,
  durationMs: undefined,
  successAgeMs: undefined,
});

function note(...scrapes: SandboxResult[][]): string[] {
  const lines: string[] = [];
  const write = (level: string) => (fields: { sandbox: string; reason?: string }) =>
    lines.push([level, fields.sandbox, fields.reason ?? ''].join(' ').trim());
  const log = { info: write('info'), warn: write('warn') } as unknown as Log;
  const errorLog = new SandboxErrorLog(log);
  for (const scrape of scrapes) {
    errorLog.note(scrape);
  }
  return lines;
}

describe('SandboxErrorLog', () => {
  it('says a change once', () => {
    expect(note([result('a'), result('b', 'timeout')], [result('a'), result('b', 'timeout')])).toEqual([
      'warn b timeout',
    ]);
  });

  it('says when the reason changes and when the sandbox is well again', () => {
    expect(note([result('a', 'timeout')], [result('a', 'refused')], [result('a')], [result('a')])).toEqual([
      'warn a timeout',
      'warn a refused',
      'info a',
    ]);
  });

  it('forgets a sandbox that is gone', () => {
    expect(note([result('a', 'timeout')], [], [result('a')], [result('a', 'timeout')])).toEqual([
      'warn a timeout',
      'warn a timeout',
    ]);
  });
});
