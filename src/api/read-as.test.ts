import { describe, expect, it } from 'vitest';
import { findSchemaFaults } from '../../test/support/api-schema.ts';
import { readAs, SchemaError } from './index.ts';

const event = {
  id: 'aa-1',
  kind: 'ended',
  timeSeconds: 1.5,
  sandbox: 'one',
  namespace: null,
  pod: null,
  uid: null,
  root: '/root',
  state: 'ended',
  reason: null,
  message: null,
  count: null,
  restarts: 0,
  suppressed: 0,
  totals: null,
};

const family = {
  name: 'kata_x',
  type: 'gauge',
  unit: null,
  help: null,
  samples: [{ name: 'kata_x', labels: { a: 'b' }, value: '1' }],
};

describe('readAs', () => {
  it('returns what matches', () => {
    expect(findSchemaFaults('SandboxEvent', event)).toEqual([]);
    expect(readAs('SandboxEvent', structuredClone(event))).toEqual(event);
    expect(readAs('Family', structuredClone(family))).toEqual(family);
  });

  it('reads what an older or a newer monitor sends', () => {
    const { namespace: _namespace, totals: _totals, ...older } = event;
    expect(readAs('SandboxEvent', older)).toEqual(event);
    const newer = { ...event, kind: 'of-the-future', more: 1 };
    expect(readAs('SandboxEvent', newer)).toEqual(newer);
  });

  it.each<[Parameters<typeof readAs>[0], unknown, string]>([
    ['SandboxEvent', null, 'it must be object, got null'],
    ['SandboxEvent', undefined, 'it must be object, got nothing'],
    ['SandboxEvent', [], 'it must be object, got []'],
    ['SandboxEvent', 5, 'it must be object, got 5'],
    ['SandboxEvent', {}, '"id" must be string, got nothing'],
    ['SandboxEvent', { ...event, id: 5 }, '"id" must be string, got 5'],
    ['SandboxEvent', { ...event, kind: {} }, '"kind" must be string, got {}'],
    ['SandboxEvent', { ...event, timeSeconds: '1' }, '"timeSeconds" must be number, got "1"'],
    ['SandboxEvent', { ...event, sandbox: 7 }, '"sandbox" must be string or null, got 7'],
    ['SandboxEvent', { ...event, message: 'x', restarts: true }, '"restarts" must be number, got true'],
    ['SandboxEvent', { ...event, totals: 7 }, '"totals" must be object, got 7'],
    ['SandboxEvent', { ...event, totals: { cpuSeconds: '1' } }, '"totals.cpuSeconds" must be number or null, got "1"'],
    ['EventList', { events: [event, null], lastEventId: '' }, '"events[1]" must be object, got null'],
    ['EventList', { events: {}, lastEventId: '' }, '"events" must be array, got {}'],
    [
      'Family',
      { ...family, samples: [{ name: '', labels: { a: 1 }, value: '' }] },
      '"samples[0].labels.a" must be string',
    ],
    ['Family', { ...family, help: ['x'.repeat(1000)] }, `must be string or null, got ["${'x'.repeat(58)}...`],
    ['Snapshot', { node: null, sandboxes: [] }, '"node" must be object, got null'],
  ])('%s rejects %j', (name, value, message) => {
    const read = () => readAs(name, value);
    expect(read).toThrow(SchemaError);
    expect(read).toThrow(message);
  });
});
