import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecodeResult, MAX_HEAD_BYTES, ResponseDecoder } from './response-decoder.ts';
import { ProtocolError } from './response-head.ts';

interface Decoded {
  readonly result: DecodeResult | 'broken';
  readonly status: number | undefined;
  readonly body: string;
  readonly message?: string;
}

function decode(pieces: readonly Buffer[], maxBodyBytes = 1000): Decoded {
  const decoder = new ResponseDecoder(maxBodyBytes);
  const state = () => ({ status: decoder.head?.status, body: decoder.body.bytes().toString('latin1') });
  let result: DecodeResult = 'more';
  try {
    for (const piece of pieces) {
      // The real connection reuses its buffer as soon as push returns.
      const reused = Buffer.from(piece);
      result = decoder.push(reused);
      reused.fill(0);
    }
    return { result, ...state() };
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return { result: 'broken', ...state(), message: (error as Error).message };
  }
}

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const sorted = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

const whole: readonly (readonly [name: string, text: string, status: number, body: string])[] = [
  ['a length', `${ok}Content-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['a length of nothing', `${ok}Content-Length: 0\r\n\r\n`, 200, ''],
  ['odd case and blanks', `${ok}cOnTeNt-LENGTH:\t 2 \r\n\r\nab`, 200, 'ab'],
  ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na', 200, 'a'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na', 200, 'a'],
  ['a status without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
  ['an error with a body', 'HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\noh!', 500, 'oh!'],
  ['chunks', `${chunked}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`, 200, 'abcde'],
  ['no chunk', `${chunked}0\r\n\r\n`, 200, ''],
  [
    'sizes in both cases and with zeros',
    `${chunked}00a\r\n0123456789\r\n0B\r\n0123456789a\r\n000\r\n\r\n`,
    200,
    '01234567890123456789a',
  ],
  ['CR and LF inside a chunk', `${chunked}4\r\n\r\n\r\n\r\n0\r\n\r\n`, 200, '\r\n\r\n'],
  ['extensions', `${chunked}1;a=b\r\nx\r\n1 ;c\r\ny\r\n0;d\r\n\r\n`, 200, 'xy'],
  ['trailers', `${chunked}1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n`, 200, 'x'],
];

const broken: readonly (readonly [name: string, text: string, message: string])[] = [
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 'Not an HTTP/1.1 response: "SSH-2.0-'],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', 'Not an HTTP/1.1 status line: "HTTP/2 200"'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'Not an HTTP/1.1 status line'],
  ['a status before the response', 'HTTP/1.1 100 Continue\r\n\r\n', 'Status 100 was not requested'],
  ['a status that switches', 'HTTP/1.1 101 Switching\r\n\r\n', 'Status 101 was not requested'],
  ['a header without colon', `${ok}Content-Length\r\n\r\n`, 'Not a header line: "Content-Length"'],
  ['a blank before the colon', `${ok}Content-Length : 1\r\n\r\n`, 'Not a header line'],
  ['a folded header', `${ok}A: b\r\n c\r\n\r\n`, 'Not a header line'],
  ['a lone CR in a header', `${ok}A: b\rc\r\n\r\n`, 'Not a header line'],
  ['a negative length', `${ok}Content-Length: -1\r\n\r\n`, 'Content-Length "-1" is not a number of bytes'],
  [
    'two lengths',
    `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    'Content-Length "1, 2" is not a number of bytes',
  ],
  ['length and chunks', `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 'Transfer-Encoding "chunked"'],
  ['an unknown coding', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, 'Transfer-Encoding "gzip, chunked"'],
  ['an encoded body', `${ok}Content-Encoding: gzip\r\n\r\n`, 'Content-Encoding "gzip" was not requested'],
  ['more than the length', `${ok}Content-Length: 1\r\n\r\nab`, '1 bytes follow the end of the response'],
  ['more than the last chunk', `${chunked}0\r\n\r\nab`, '2 bytes follow the end of the response'],
  ['no chunk size', `${chunked}\r\n`, 'Chunked coding is malformed at byte 0x0d'],
  ['a chunk size that is none', `${chunked}zz\r\n`, 'Chunked coding is malformed at byte 0x7a'],
  ['a negative chunk size', `${chunked}-1\r\n`, 'Chunked coding is malformed at byte 0x2d'],
  ['a chunk size without end', `${chunked}${'0'.repeat(14)}`, 'Chunk size has more than 13 digits'],
  ['a lone LF after a size', `${chunked}1\nx`, 'Chunked coding is malformed at byte 0x0a'],
  ['a chunk longer than its size', `${chunked}1\r\nxy\r\n`, 'Chunked coding is malformed at byte 0x79'],
  [
    'an extension without end',
    `${chunked}1;${'x'.repeat(70_000)}`,
    'Framing of the chunks exceeds the size of the body by more than 65536 bytes',
  ],
  [
    'trailers without end',
    `${chunked}0\r\n${'A: b\r\n'.repeat(20_000)}`,
    'Framing of the chunks exceeds the size of the body by more than 65536 bytes',
  ],
  [
    'a head without end',
    `${ok}${'A: b\r\n'.repeat(4_000)}`,
    `Head of the response is longer than ${MAX_HEAD_BYTES} bytes`,
  ],
];

describe('ResponseDecoder', () => {
  it.each(whole)('decodes %s', (_name, text, status, body) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(decode([bytes])).toEqual({ result: 'done', status, body });
    expect(decode(splitAt(bytes, [...bytes.keys()]))).toEqual({ result: 'done', status, body });
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 6 }), (cuts) => {
        const pieces = splitAt(bytes, cuts).filter((piece) => piece.length > 0);
        expect(decode(pieces)).toEqual({ result: 'done', status, body });
      }),
      { numRuns: 30 },
    );
  });

  it.each(broken)('rejects %s', (_name, text, message) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(decode([bytes])).toMatchObject({ result: 'broken', message: expect.stringContaining(message) });
  });

  it.each(broken)('rejects %s byte by byte', (_name, text) => {
    const bytes = Buffer.from(text, 'latin1');
    const results = decode(splitAt(bytes, [...bytes.keys()]));
    expect(results.result).toBe('broken');
  });

  it('waits for the rest', () => {
    for (const [, text] of whole) {
      expect(decode([Buffer.from(text.slice(0, -1), 'latin1')]).result).toBe('more');
    }
  });

  it('reads a body without a length to the end of the connection', () => {
    const decoder = new ResponseDecoder(100);
    expect(decoder.push(Buffer.from(`${ok}\r\nabc`))).toBe('more');
    expect(decoder.isCompleteAtClose()).toBe(true);
    expect(decoder.head?.isReusable).toBe(false);
    expect(decoder.body.bytes().toString()).toBe('abc');
  });

  it.each([
    ['a length', `${ok}Content-Length: 9\r\n\r\n123456789`],
    ['a false length', `${ok}Content-Length: 999999999999999\r\n\r\n123456789`],
    ['chunks', `${chunked}9\r\n123456789\r\n`],
    ['a false chunk size', `${chunked}fffffffffffff\r\n123456789\r\n`],
    ['no length', `${ok}\r\n123456789`],
  ])('truncates a body at its limit: %s', (_name, text) => {
    expect(decode([Buffer.from(text)], 8)).toEqual({ result: 'full', status: 200, body: '12345678' });
  });

  it('accepts a body of exactly its limit', () => {
    expect(decode([Buffer.from(`${ok}Content-Length: 8\r\n\r\n12345678`)], 8).result).toBe('done');
    expect(decode([Buffer.from(`${chunked}8\r\n12345678\r\n0\r\n\r\n`)], 8).result).toBe('done');
  });

  it.each([
    ['Connection: close', false],
    ['Connection: keep-alive, Close', false],
    ['Connection: keep-alive', true],
    ['A: b', true],
  ])('determines from "%s" whether the connection can be kept', (header, isReusable) => {
    const decoder = new ResponseDecoder(100);
    decoder.push(Buffer.from(`${ok}${header}\r\nContent-Length: 0\r\n\r\n`));
    expect(decoder.head?.isReusable).toBe(isReusable);
  });

  it('never throws anything else, whatever the bytes', () => {
    const soup = fc.array(
      fc.constantFrom(
        'HTTP/1.1 200 OK\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Content-Length: 3\r\n',
        '\r\n',
        '0',
        '1',
        'a',
        ';',
        '\0',
        'ÿ',
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(soup, (parts) => {
        const bytes = Buffer.from(`HTTP/1.1 200 OK\r\n${parts.join('')}`, 'latin1');
        const inOne = decode([bytes], 4);
        expect(inOne.body.length).toBeLessThanOrEqual(4);
      }),
    );
  });

  it('decodes a large body', () => {
    const source = readFileSync(new URL('response-decoder.ts', import.meta.url));
    const body = Buffer.concat(Array.from({ length: 100 }, () => source));
    const text = Buffer.concat([Buffer.from(`${ok}Content-Length: ${body.length}\r\n\r\n`), body]);
    const decoder = new ResponseDecoder(body.length);
    expect(decoder.push(text)).toBe('done');
    expect(decoder.body.bytes().equals(body)).toBe(true);
  });
});
