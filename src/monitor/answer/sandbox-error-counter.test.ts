import { describe, expect, it } from 'vitest';
import { sandboxIn } from '../../sandboxes/index.ts';
import { failedResult, type SandboxErrorReason, type SandboxResult } from '../scrape/sandbox-result.ts';
import { SandboxErrorCounter } from './sandbox-error-counter.ts';

const failed = (id: string, reason: SandboxErrorReason): SandboxResult =>
  failedResult(sandboxIn('/root', id, 0), reason, 'why');
const well = (id: string): SandboxResult => ({ ...failed(id, 'timeout'), isUp: true, errors: [], message: undefined });

function countsOf(counter: SandboxErrorCounter): Record<string, number> {
  const { samples } = counter.collect();
  return Object.fromEntries(samples.map(({ labels, value }) => [labels?.['reason'] ?? '', Number(value)]));
}

describe('SandboxErrorCounter', () => {
  it('counts reasons over sandboxes and scrapes', () => {
    const counter = new SandboxErrorCounter();
    counter.note([failed('a', 'timeout'), failed('b', 'timeout'), failed('c', 'reset'), well('d')]);
    counter.note([failed('a', 'timeout'), well('b'), well('c'), well('d')]);
    expect(countsOf(counter)).toEqual({ reset: 1, timeout: 3 });
  });

  it('counts every reason of a sandbox that has several', () => {
    const counter = new SandboxErrorCounter();
    counter.note([{ ...well('a'), errors: ['bad_value', 'reserved_label'] }]);
    expect(countsOf(counter)).toEqual({ bad_value: 1, reserved_label: 1 });
  });

  it('keeps what it has counted when sandboxes are gone', () => {
    const counter = new SandboxErrorCounter();
    counter.note([failed('a', 'refused')]);
    counter.note([]);
    expect(countsOf(counter)).toEqual({ refused: 1 });
  });

  it('has no samples where nothing failed', () => {
    const counter = new SandboxErrorCounter();
    counter.note([well('a')]);
    expect(counter.collect()).toMatchObject({
      name: 'kata_monitor_sandbox_scrape_errors_total',
      type: 'counter',
      samples: [],
    });
  });
});
