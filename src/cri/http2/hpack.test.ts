import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeHeaders, encodeRequestHeaders } from './hpack.ts';
import { decodeHuffman } from './huffman.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('the Huffman code', () => {
  // RFC 7541, appendix C.4 to C.6.
  it.each([
    ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'],
    ['a8eb 1064 9cbf', 'no-cache'],
    ['25a8 49e9 5ba9 7d7f', 'custom-key'],
    ['25a8 49e9 5bb8 e8b4 bf', 'custom-value'],
    ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3', 'https://www.example.com'],
    [
      '94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ],
    ['', ''],
  ])('%s is "%s"', (hex, text) => {
    expect(decodeHuffman(bytes(hex))).toBe(text);
  });

  it.each([
    ['ends within a code', '25a8 49e9 5ba9 7d'],
    ['padding of zeros', 'a8eb 1064 9cb0'],
    ['padding of a whole byte', 'a8eb 1064 9cbf ff'],
    ['the code of the end', 'ffff ffff'],
  ])('refuses %s', (_name, hex) => {
    expect(() => decodeHuffman(bytes(hex))).toThrow(RangeError);
  });
});

describe('headers of a response', () => {
  it.each([
    ['a status of the table', '88', { ':status': '200' }],
    ['each status of the table', '8e', { ':status': '500' }],
    ['a status as text, by the name of the table', '0803 353033', { ':status': '503' }],
    ['a status as text that is to be indexed', '4803 353033', { ':status': '503' }],
    ['names as text', '00 0b 677270632d737461747573 01 37', { 'grpc-status': '7' }],
    ['a name that is never to be indexed', '10 0c 677270632d6d657373616765 02 6f6b', { 'grpc-message': 'ok' }],
    ['texts in the Huffman code', '40 88 9acac8b21234da8f 01 30', { 'grpc-status': '0' }],
    ['other headers', '88 5f 0161 e1 00 0178 0179 be', undefined],
    ['a table of size 0', '20 88', { ':status': '200' }],
    ['a table of size 4096', '3fe11f 88', undefined],
    ['an index of 0', '80', undefined],
    ['a number without end', 'ffffffffffffff01', undefined],
    ['a name that ends early', '00 0b 6772', undefined],
    ['nothing', '', {}],
    ['half a header', '08', undefined],
    ['a length beyond the block', '08 7f ff01', undefined],
  ])('%s', (_name, hex, expected) => {
    if (expected === undefined) {
      expect(() => decodeHeaders(bytes(hex))).toThrow(RangeError);
    } else {
      expect(decodeHeaders(bytes(hex))).toEqual(expected);
    }
  });

  it('are decoded or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (block) => {
        try {
          decodeHeaders(block);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

it('headers of a request are literals, with lengths of any size', () => {
  const block = encodeRequestHeaders('/a.B/C', { te: 'trailers', 'x-long': 'x'.repeat(1000) });
  expect(block.subarray(0, 11).toString('latin1')).toBe('\x83\x86\x04\x06/a.B/C\x01');
  expect(block.includes(Buffer.concat([Buffer.from([0x7f, 0xe9, 0x06]), Buffer.alloc(1000, 'x')]))).toBe(true);
});
