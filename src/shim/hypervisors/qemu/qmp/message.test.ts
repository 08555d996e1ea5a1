import { describe, expect, it } from 'vitest';
import { parseMessage } from './message.ts';
import { QmpError } from './qmp-error.ts';

describe('parseMessage', () => {
  it.each([
    [
      '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}',
      { kind: 'greeting', version: '7.2.22' },
    ],
    ['{"QMP": {}}', { kind: 'greeting', version: 'unknown' }],
    [
      '{"QMP": {"version": {"qemu": {"micro": "1", "minor": 2, "major": 7}}}}',
      { kind: 'greeting', version: 'unknown' },
    ],
    ['{"QMP": {"version": {"qemu": [7, 2, 0]}}}', { kind: 'greeting', version: 'unknown' }],
    ['{"return": {}, "id": 1}', { kind: 'result', id: 1, value: {} }],
    ['{"return": null, "id": 2}', { kind: 'result', id: 2, value: null }],
    ['{"id": 3, "error": {"class": "GenericError", "desc": "no"}}', { kind: 'error', id: 3, message: 'no' }],
    ['{"id": 4, "error": {}}', { kind: 'error', id: 4, message: 'no reason given' }],
    [
      '{"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-shutdown"}, "timestamp": {"seconds": 1}}',
      { kind: 'event', event: { name: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } } },
    ],
    ['{"event": "STOP"}', { kind: 'event', event: { name: 'STOP', data: {} } }],
    ['{"event": "STOP", "data": [1]}', { kind: 'event', event: { name: 'STOP', data: {} } }],
  ])('reads %s', (line, expected) => {
    expect(parseMessage(line)).toEqual(expected);
  });

  it.each([
    ['', 'is not JSON'],
    ['{"QMP"', 'is not JSON'],
    ['null', 'is not a JSON object'],
    ['[1]', 'is not a JSON object'],
    ['"QMP"', 'is not a JSON object'],
    ['{}', 'is neither a greeting nor a response nor an event'],
    ['{"QMP": 1}', 'is neither a greeting nor a response nor an event'],
    ['{"return": {}}', 'is neither a greeting nor a response nor an event'],
    ['{"return": {}, "id": "1"}', 'is neither a greeting nor a response nor an event'],
    ['{"error": "no", "id": 1}', 'is neither a greeting nor a response nor an event'],
    ['{"event": 1}', 'is neither a greeting nor a response nor an event'],
  ])('refuses %s', (line, why) => {
    expect(() => parseMessage(line)).toThrow(
      new QmpError('invalid', `Cannot read QEMU's monitor: ${JSON.stringify(line)} ${why}`),
    );
  });

  it('quotes no more than the beginning of what it refuses', () => {
    expect(() => parseMessage('x'.repeat(10_000))).toThrow(`"${'x'.repeat(80)}" is not JSON`);
  });

  it('passes on no more than the beginning of an error', () => {
    const line = JSON.stringify({ id: 1, error: { desc: 'y'.repeat(10_000) } });
    expect(parseMessage(line)).toEqual({ kind: 'error', id: 1, message: 'y'.repeat(300) });
  });
});
