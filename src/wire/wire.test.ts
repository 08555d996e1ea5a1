import { describe, expect, it } from 'vitest';
import { TableType } from './message-type.ts';
import { TextMessage } from './text-message.ts';
import { WireError } from './wire-error.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

interface Values {
  readonly number?: bigint;
  readonly text?: string;
  readonly numbers?: readonly number[];
  readonly inner?: Values;
  readonly inners?: readonly Values[];
  readonly map?: Readonly<Record<string, Values>>;
}

const Inner = new TableType<Values, Values>('test.Inner', [
  [1, 'number', 'uint64'],
  [2, 'text', 'string'],
]);
const Outer = new TableType<Values, Values>('test.Outer', [
  [1, 'number', 'uint64'],
  [2, 'text', 'string'],
  [3, 'numbers', 'uint32', 'repeated'],
  [4, 'inner', Inner],
  [5, 'inners', Inner, 'repeated'],
  [6, 'map', Inner, 'map'],
]);

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('WireReader', () => {
  it.each([
    ['00', 0n],
    ['7f', 127n],
    ['80 01', 128n],
    ['ff ff ff 7f', 2n ** 28n - 1n],
    ['80 80 80 80 01', 2n ** 28n],
    ['ff ff ff ff 0f', 2n ** 32n - 1n],
    ['ff ff ff ff ff ff ff 7f', 2n ** 56n - 1n],
    ['ff ff ff ff ff ff ff ff ff 01', 2n ** 64n - 1n],
    ['ff ff ff ff ff ff ff ff ff 7f', 2n ** 64n - 1n],
    ['80 80 80 80 80 80 80 80 80 01', 2n ** 63n],
    ['81 80 80 80 80 80 80 80 80 00', 1n],
  ])('reads the number %s', (bytes, number) => {
    const reader = new WireReader(hex(bytes));
    expect([reader.uint64(), reader.hasMore]).toEqual([number, false]);
    expect(new WireReader(hex(bytes)).uint32()).toBe(Number(BigInt.asUintN(32, number)));
    expect(new WireReader(hex(bytes)).int64()).toBe(BigInt.asIntN(64, number));
  });
});

describe('TableType', () => {
  it.each([
    ['a number that is cut off', '08 80', 'number at byte 1 is cut off'],
    ['a number without an end', `08 ${'80'.repeat(11)}`, 'number at byte 1 has more than 10 bytes'],
    ['a text that is cut off', '12 05 61', '5 bytes expected, 1 are left'],
    ['a text that is no UTF-8', '12 02 c3 28', 'string of 2 bytes is no UTF-8'],
    ['a length beyond all memory', '12 ff ff ff ff 7f', '34359738367 bytes expected, 0 are left'],
    ['field 0', '00 00', 'invalid tag before byte 1'],
    ['wire type 6', '0e 00', 'invalid tag before byte 1'],
    ['a tag of more than 32 bits', '88 80 80 80 10 00', 'invalid tag before byte 5'],
    ['a message that ends in its field', '22 02 12 05 61 61 61 61 61', '5 bytes expected, 0 are left'],
    ['an unknown field that is cut off', '99 06 00', '8 bytes expected, 1 are left'],
    ['an end of no group', '0c', 'end of a group that has not begun, before byte 1'],
    ['a group that ends as another', '7b 84 01', 'end of a group that has not begun, before byte 3'],
    ['a group without an end', '7b', 'number at byte 1 is cut off'],
    ['nested groups', '7b'.repeat(100), 'more than 32 nested groups'],
    ['too many messages', '2a 00 '.repeat(65_537), 'more than 65536 elements and messages in it'],
    ['too many entries', '32 00 '.repeat(65_537), 'more than 65536 elements and messages in it'],
    ['too many numbers', `1a 81 80 04 ${'00'.repeat(65_537)}`, 'more than 65536 elements and messages in it'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => Outer.decode(hex(bytes))).toThrow(WireError);
    expect(() => Outer.decode(hex(bytes))).toThrow(message);
  });

  it.each([
    ['nothing', '', {}],
    ['the last of several values', '08 01 08 02', { number: 2n }],
    ['a text with a mark of byte order', '12 04 ef bb bf 61', { text: '\uFEFFa' }],
    ['a replacement character', '12 03 ef bf bd', { text: '\uFFFD' }],
    ['numbers, packed and not', '1a 02 01 02 18 03', { numbers: [1, 2, 3] }],
    ['a message in parts', '22 02 08 01 22 03 12 01 61', { inner: { number: 1n, text: 'a' } }],
    ['fields of other wire types than theirs as unknown ones', '0a 01 61 10 05 1d 00000000 25 00000000', {}],
    ['groups of unknown fields', '7b 83 01 08 01 84 01 7c 08 01', { number: 1n }],
    ['an entry without a key and value', '32 00', { map: { '': { number: 0n, text: '' } } }],
    ['an entry with other fields', '32 07 18 01 0a 01 61 12 00', { map: { a: { number: 0n, text: '' } } }],
  ])('reads %s', (_, bytes, expected) => {
    const empty = { number: 0n, text: '', numbers: [], inners: [], map: {} };
    expect(Outer.decode(hex(bytes))).toMatchObject({ ...empty, ...expected });
  });

  it('keeps a key that JavaScript has a meaning for, and changes no prototype', () => {
    const { map } = Outer.decode(Outer.encode({ map: { ['__proto__']: {}, constructor: { number: 1n } } as never }));
    expect(Object.keys(map!)).toContain('constructor');
    const hostile = Outer.decode(hex('32 0d 0a 09 5f5f70726f746f5f5f 12 00')).map!;
    expect([Object.keys(hostile), Object.getPrototypeOf(hostile)]).toEqual([['__proto__'], null]);
  });

  it.each([
    ['a negative number', { number: -1n }, 'field "number": expected an unsigned integer of 64 bits, got -1'],
    ['a number over the limit', { number: 2n ** 64n }, 'got 18446744073709551616'],
    ['a number of the other kind', { number: 1 as never }, 'field "number"'],
    ['a fraction', { numbers: [1.5] }, 'field "numbers": expected an integer from 0 to 4294967295, got 1.5'],
    ['half a character', { text: '\ud800' }, 'field "text": expected a string of whole characters'],
    ['bytes as a text', { inner: { text: Buffer.from('a') as never } }, 'field "inner": field "text": expected'],
  ])('does not write %s', (_, values, message) => {
    expect(() => Outer.encode(values)).toThrow(message);
  });
});

describe('WireWriter', () => {
  it('grows', () => {
    const long = 'ä'.repeat(100_000);
    const reader = new WireReader(new WireWriter().string(long).bytes(Buffer.alloc(300_000, 1)).finish());
    expect([reader.string() === long, reader.bytes().length, reader.hasMore]).toEqual([true, 300_000, false]);
  });
});

describe('TextMessage', () => {
  const Text = new TextMessage<{ readonly body: Uint8Array }, 'body'>('test.Text', 3, 'body');

  it.each<[string, { body?: Buffer | string }, string]>([
    ['nothing', {}, ''],
    ['an empty text', { body: '' }, ''],
    ['a text', { body: 'aä' }, 'aä'],
    ['bytes', { body: Buffer.from('aä') }, 'aä'],
    ['a long text', { body: 'ä'.repeat(100_000) }, 'ä'.repeat(100_000)],
  ])('writes %s', (_, init, text) => {
    expect(Buffer.from(Text.decode(Text.encode(init)).body).toString() === text).toBe(true);
    expect(Text.encodeParts(init).slice(1)).toEqual(text === '' ? [] : [init.body]);
  });
});
