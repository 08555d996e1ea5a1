import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { KeyValueSchema } from '../proto/index.ts';
import { decodeMetadata, encodeMetadata, type MetadataInit } from './metadata.ts';

const CASES: readonly [MetadataInit, [string, string[]][]][] = [
  [{}, []],
  [{ key: 'value' }, [['key', ['value']]]],
  [{ key: ['b', 'a', 'b'] }, [['key', ['b', 'a', 'b']]]],
  [{ Key: '1', KEY: '2' }, [['key', ['1', '2']]]],
  [{ empty: '', none: [] }, [['empty', ['']]]],
  [
    { ['__proto__']: 'x', constructor: 'y' },
    [
      ['__proto__', ['x']],
      ['constructor', ['y']],
    ],
  ],
];

describe('metadata', () => {
  it.each(CASES)('%j arrives as %j', (init, expected) => {
    const pairs = encodeMetadata(init).map((pair) => create(KeyValueSchema, pair));
    expect([...decodeMetadata(pairs)]).toEqual(expected);
  });

  it('has no empty keys', () => {
    expect(() => encodeMetadata({ '': 'x' })).toThrow(new TypeError('Cannot send metadata under an empty key'));
  });
});
