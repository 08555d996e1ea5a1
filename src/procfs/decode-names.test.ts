import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNames } from './decode-names.ts';

describe('decodeNames', () => {
  it.each([
    ['ASCII', [0x61, 0x62], 'ab'],
    ['UTF-8', [...Buffer.from('é☃😀')], 'é☃😀'],
    ['a byte that is part of no character', [0x61, 0xff, 0x62], 'a\\xffb'],
    ['another one', [0x61, 0xfe, 0x62], 'a\\xfeb'],
    ['the beginning of a character', [0xe2, 0x98], '\\xe2\\x98'],
    ['a character after such a byte', [0xff, 0xc3, 0xa9], '\\xffé'],
    ['more bytes than a character needs', [0xc0, 0x80], '\\xc0\\x80'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    ['what is beyond Unicode', [0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    ['what looks like our escape', [...Buffer.from('\\xff')], '\\x5cxff'],
    ['what looks like our escape of it', [...Buffer.from('\\x5cxff')], '\\x5cx5cxff'],
    ["an escape of systemd's", [...Buffer.from('dev-disk-by\\x2did')], 'dev-disk-by\\x2did'],
    ['nothing', [], ''],
  ])('%s', (_, bytes, text) => {
    expect(decodeNames(Buffer.from(bytes))).toBe(text);
  });

  /** The way back, which only an encoding has that gives different bytes different texts. */
  function encode(text: string): Buffer {
    const parts = text.split(/(\\x(?:[89a-f][0-9a-f]|5c))/);
    return Buffer.concat(
      parts.map((part, i) => (i % 2 === 0 ? Buffer.from(part) : Buffer.from([Number.parseInt(part.slice(2), 16)]))),
    );
  }

  it('gives different texts for different bytes', () => {
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x5c, 0x78, 0x66, 0x35, 0x63, 0xc3, 0xa9));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 30 }), (bytes) => {
        expect(encode(decodeNames(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 2_000 },
    );
  });
});
