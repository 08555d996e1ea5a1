import { describe, expect, it } from 'vitest';
import { newEvent } from '../../../test/support/sandbox-results.ts';
import type { SandboxEvent } from '../../api/index.ts';
import { formatEvent, formatEventHeader } from './event-text.ts';

const event = (fields: Partial<SandboxEvent>): SandboxEvent => ({
  ...newEvent('0123456789abcdef'),
  id: 'aa-1',
  suppressed: 0,
  ...fields,
});

describe('formatEvent', () => {
  it.each([
    [{ kind: 'ready' }, '1970-01-01T00:00:01Z ready        0123456789ab -                              -            -'],
    [
      { kind: 'unresponsive', namespace: 'shop', pod: 'web', reason: 'timeout', message: 'no response' },
      '1970-01-01T00:00:01Z unresponsive 0123456789ab shop/web                       timeout      no response',
    ],
    [
      { kind: 'oom_kill', count: 2, suppressed: 5 },
      '1970-01-01T00:00:01Z oom_kill     0123456789ab -                              -            count 2; 5 earlier events suppressed',
    ],
    [
      { kind: 'ended', pod: 'a\n\u001b[31m', namespace: 'b\u202e', timeSeconds: Number.MAX_VALUE },
      '-                    ended        0123456789ab b\\u202e/a\\u000a\\u001b[31m      -            -',
    ],
  ] as const)('%j', (fields, line) => {
    expect(formatEvent(event(fields), false)).toBe(line);
  });

  it('has more columns if wide, under their titles', () => {
    const line = formatEvent(event({ kind: 'ready', restarts: 1 }), true);
    const at = formatEventHeader(true).indexOf('RESTARTS');
    expect(line.slice(at, at + 1)).toBe('1');
    expect(line).toContain(' aa-1 ');
  });
});
