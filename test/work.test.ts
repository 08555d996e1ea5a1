/**
 * Entry points of foreign bytes cost linear work: what twice the input takes is at most a little more than twice as much.
 * Counted in steps, not in time, on inputs that are made to cost as much as they can.
 */
import { describe, expect, it } from 'vitest';
import { toMeminfoItem } from '../src/collectors/meminfo-item.ts';
import { keepSandboxInLinks } from '../src/monitor/http/pages/debug.ts';
import * as procfs from '../src/procfs/index.ts';
import { LineSplitter } from '../src/shim/hypervisors/firecracker/collector/line-splitter.ts';
import { parseLine } from '../src/shim/hypervisors/firecracker/collector/parse-line.ts';
import { LineDecoder } from '../src/shim/hypervisors/qemu/qmp/line-decoder.ts';
import { parseMessage } from '../src/shim/hypervisors/qemu/qmp/message.ts';
import { QmpError } from '../src/shim/hypervisors/qemu/qmp/qmp-error.ts';
import { MAX_HEAD_BYTES, ResponseDecoder } from '../src/shim-client/response-decoder.ts';
import { ProtocolError } from '../src/shim-client/response-head.ts';
import { decodeLinkFrame, encodeLinkFrame } from '../src/transport/serial/link-frame.ts';
import { SlipDecoder } from '../src/transport/serial/slip.ts';
import { decodeRequest } from '../src/ttrpc/envelope.ts';
import { encodeHeader, FrameType } from '../src/ttrpc/frame.ts';
import { FrameDecoder } from '../src/ttrpc/frame-decoder.ts';
import { TtrpcError } from '../src/ttrpc/ttrpc-error.ts';
import { parseWebConfig } from '../src/web-config/parse-web-config.ts';
import { growthOf } from './support/count-work.ts';

/** Quadratic work grows by 4. */
const MAX_GROWTH = 2.2;

type Run = (size: number) => void;
type Row = readonly [name: string, size: number, run: Run];

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

/** Feeds a decoder of responses, which may refuse what it gets. */
function respond(text: string, pieceBytes = Number.POSITIVE_INFINITY): void {
  const bytes = Buffer.from(text, 'latin1');
  const decoder = new ResponseDecoder(4 * 1024 * 1024);
  try {
    for (const piece of pieces(bytes, pieceBytes)) {
      decoder.push(piece);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}

function* pieces(bytes: Buffer, pieceBytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes);
  }
}

const head = MAX_HEAD_BYTES / 4;
const responses: readonly Row[] = [
  ['blanks and a NUL in a header', head, (n) => respond(`${ok}X:${' '.repeat(n)}\0\r\n\r\n`)],
  ['blanks around words in a header', head, (n) => respond(`${ok}X:${' \t a'.repeat(n / 4)}\r\n\r\n`)],
  ['a long header name', head, (n) => respond(`${ok}${'x'.repeat(n)} : 1\r\n\r\n`)],
  ['many headers', head, (n) => respond(`${ok}${'a:\r\n'.repeat(n / 4)}\r\n`)],
  [
    'many headers of different names',
    head,
    (n) => respond(`${ok}${Array.from({ length: n / 8 }, (_, i) => `${i}:\r\n`).join('')}\r\n`),
  ],
  ['a long reason phrase', head, (n) => respond(`HTTP/1.1 200 ${' '.repeat(n)}\0\r\n\r\n`)],
  ['a long list of connection options', head, (n) => respond(`${ok}Connection: ${'clos '.repeat(n / 5)}\r\n\r\n`)],
  ['a long Content-Length', head, (n) => respond(`${ok}Content-Length: ${'1'.repeat(n)}x\r\n\r\n`)],
  ['a head byte by byte', head, (n) => respond(`${ok}X: ${'a'.repeat(n)}\r\n\r\n`, 1)],
  ['line ends in a head byte by byte', head, (n) => respond(`${ok}${'a:\r\n'.repeat(n / 4)}`, 1)],
  ['a body byte by byte', 20_000, (n) => respond(`${ok}Content-Length: ${n}\r\n\r\n${'x'.repeat(n)}`, 1)],
  ['a body without length byte by byte', 100_000, (n) => respond(`${ok}\r\n${'x'.repeat(n)}`, 1)],
  ['tiny chunks', 4000, (n) => respond(`${chunked}${'1\r\nx\r\n'.repeat(n)}0\r\n\r\n`)],
  ['tiny chunks byte by byte', 4000, (n) => respond(`${chunked}${'1\r\nx\r\n'.repeat(n)}0\r\n\r\n`, 1)],
  ['chunk extensions', 200, (n) => respond(`${chunked}${`1;${'e'.repeat(100)}\r\nx\r\n`.repeat(n)}0\r\n\r\n`)],
  ['a long chunk extension', 20_000, (n) => respond(`${chunked}1;${' =";'.repeat(n / 4)}\r\n`)],
  ['many trailers', 5000, (n) => respond(`${chunked}0\r\n${'a:\r\n'.repeat(n)}`)],
];

function decodeFrames(bytes: Buffer, pieceBytes: number, maxPayloadBytes = 4 * 1024 * 1024): void {
  const decoder = new FrameDecoder({ maxPayloadBytes, onEvent: () => undefined });
  for (const piece of pieces(bytes, pieceBytes)) {
    decoder.push(piece);
  }
}

function frame(payloadBytes: number): Buffer {
  const header = encodeHeader({ payloadBytes, streamId: 1, type: FrameType.response, flags: 0 });
  return Buffer.concat([header, Buffer.alloc(payloadBytes)]);
}

function decodeSlip(bytes: Buffer, pieceBytes: number): void {
  const decoder = new SlipDecoder({ maxFrameBytes: 16_384, onFrame: (data) => void decodeLinkFrame(data) });
  for (const piece of pieces(bytes, pieceBytes)) {
    decoder.push(piece);
  }
}

function readQmp(bytes: Buffer, pieceBytes: number): void {
  const decoder = new LineDecoder(1024 * 1024);
  for (const piece of pieces(bytes, pieceBytes)) {
    for (const line of decoder.push(piece)) {
      try {
        parseMessage(line);
      } catch (error) {
        expect(error).toBeInstanceOf(QmpError);
      }
    }
  }
}

function splitLines(bytes: Buffer, pieceBytes: number): void {
  const splitter = new LineSplitter({
    maxLineBytes: 1024 * 1024,
    onLine: (line) => void parseLine(line.toString()),
    onTooLong: () => undefined,
  });
  for (const piece of pieces(bytes, pieceBytes)) {
    splitter.push(piece);
  }
}

function decodeRequestOf(bytes: Buffer): void {
  try {
    decodeRequest(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(TtrpcError);
  }
}

const linkFrame = encodeLinkFrame({ kind: 'data', session: 1n, value: 0, data: Buffer.alloc(10) });
const frames: readonly Row[] = [
  ['ttrpc: a large frame byte by byte', 20_000, (n) => decodeFrames(frame(n), 1)],
  ['ttrpc: empty frames', 2000, (n) => decodeFrames(Buffer.concat(Array.from({ length: n }, () => frame(0))), 4096)],
  [
    'ttrpc: empty frames byte by byte',
    500,
    (n) => decodeFrames(Buffer.concat(Array.from({ length: n }, () => frame(0))), 1),
  ],
  ['ttrpc: a frame over the limit byte by byte', 20_000, (n) => decodeFrames(frame(n), 1, 16)],
  ['protobuf: pairs of metadata', 2000, (n) => decodeRequestOf(Buffer.alloc(2 * n, Buffer.from([0x2a, 0])))],
  ['protobuf: unknown fields', 2000, (n) => decodeRequestOf(Buffer.alloc(2 * n, Buffer.from([0x78, 0])))],
  ['protobuf: unknown groups', 2000, (n) => decodeRequestOf(Buffer.alloc(2 * n, Buffer.from([0x7b, 0x7c])))],
  ['protobuf: bytes of one number', 2000, (n) => decodeRequestOf(Buffer.alloc(n, 0xff))],
  ['serial line: bytes without a frame', 20_000, (n) => decodeSlip(Buffer.alloc(n, 0xdb), 1)],
  ['serial line: frame ends only', 20_000, (n) => decodeSlip(Buffer.alloc(n, 0xc0), 4096)],
  [
    'serial line: escapes in every frame',
    50,
    (n) => decodeSlip(Buffer.from('dbdc'.repeat(500).concat('c0').repeat(n), 'hex'), 4096),
  ],
  [
    'serial line: frames byte by byte',
    100,
    (n) => decodeSlip(Buffer.concat(Array.from({ length: n }, () => Buffer.from([0xc0, ...linkFrame, 0xc0]))), 1),
  ],
  ['QMP: a line byte by byte', 5000, (n) => readQmp(Buffer.from(`{"a":"${'x'.repeat(n)}"}\n`), 1)],
  ['QMP: empty lines', 2000, (n) => readQmp(Buffer.alloc(n, '\n'), 4096)],
  ['Firecracker: a line byte by byte', 5000, (n) => splitLines(Buffer.from(`{"a":"${'x'.repeat(n)}"}\n`), 1)],
  [
    'Firecracker: beginnings of lines in one line',
    500,
    (n) => splitLines(Buffer.from(`${'{"utc_timestamp_ms"'.repeat(n)}\n`), 4096),
  ],
  [
    'Firecracker: many groups',
    500,
    (n) => splitLines(Buffer.from(`{${Array.from({ length: n }, (_, i) => `"net_${i}":{"a":1}`).join(',')}}\n`), 4096),
  ],
  ['profiler: links without an end', 2000, (n) => void keepSandboxInLinks(' href="'.repeat(n), 'id')],
  ['profiler: links in both quotes', 2000, (n) => void keepSandboxInLinks(` href="' href='x`.repeat(n), 'id')],
  ['meminfo: a long name of digits', 5000, (n) => void toMeminfoItem(`${'1'.repeat(n)}x`)],
  ['meminfo: a long name of parentheses', 5000, (n) => void toMeminfoItem('(a'.repeat(n))],
];

/** What every parser of a file of lines is given. */
const texts: readonly [name: string, make: (size: number) => string][] = [
  ['blanks', (n) => ' '.repeat(n)],
  ['line ends', (n) => '\n'.repeat(n)],
  ['digits', (n) => '1'.repeat(n)],
  ['digits and blanks', (n) => '1 '.repeat(n)],
  ['keys and values', (n) => 'a: 1\n'.repeat(n)],
  ['different keys', (n) => Array.from({ length: n }, (_, i) => `cpu${i} ${i} 0 0 0 0 0 0 0 0 0\n`).join('')],
  ['colons', (n) => ':'.repeat(n)],
  ['numbers of devices', (n) => '1:1 '.repeat(n)],
  ['escapes', (n) => '1 1 1:1 / \\040\\134 - a b c\n'.repeat(n)],
  ['parentheses', (n) => `1 (${')'.repeat(n)}`],
  ['pairs', (n) => `8:0 ${'a=1 '.repeat(n)}`],
];

const parsers = Object.entries(procfs)
  .filter(([name]) => name.startsWith('parse'))
  .map(([name, parse]) => {
    return [name, parse as (text: string) => unknown] as const;
  });

const repeat = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('');

describe('work is linear', () => {
  it.each([...responses, ...frames])('%s', (_name, size, run) => {
    expect(growthOf(run, size)).toBeLessThan(MAX_GROWTH);
  });

  it.each(parsers)('%s', (_name, parse) => {
    for (const [text, make] of texts) {
      const run = (size: number): void => {
        parse(make(size));
      };
      expect.soft(growthOf(run, 400), text).toBeLessThan(MAX_GROWTH);
    }
  });

  it.each([
    ['blanks', (n: number) => ' '.repeat(n)],
    ['a long word', (n: number) => 'x'.repeat(n)],
    ['quotes', (n: number) => `"${'\\"'.repeat(n)}`],
    // Each of these took quadratic time: 8,000 took seconds.
    ['merges in one map', (n: number) => `basic_auth_users:\n  <<: [${repeat(n, (i) => `{u${i}: h},`)}]\n`],
    [
      'merges of a field',
      (n: number) => `http_server_config:\n  <<: [${repeat(n, (i) => `{headers: {k${i}: v}},`)}]\n`,
    ],
    ['errors in one line', (n: number) => `{${repeat(n, (i) => `a${i}: &x${i} *x, `)}}`],
    ['aliases', (n: number) => `basic_auth_users:\n  <<: [&a {}${repeat(n, () => ', *a')}]\n`],
    ['anchors', (n: number) => `basic_auth_users:\n  <<: [${repeat(n, (i) => `&a${i} {},`)}]\n`],
    [
      'aliases of aliases',
      (n: number) => `basic_auth_users:\n  <<: [&m0 {}${repeat(n, (i) => `,&m${i + 1} {<<: *m${i}}`)}]\n`,
    ],
    ['lists in lists', (n: number) => `rate_limit: ${'['.repeat(n)}`],
    ['a long text', (n: number) => `basic_auth_users: {a: "${'\\x41'.repeat(n)}"}`],
  ])('web.yml: %s', (_name, make) => {
    const run = (size: number): void => {
      try {
        parseWebConfig(make(size));
      } catch (error) {
        expect((error as Error).name).toBe('WebConfigError');
      }
    };
    expect(growthOf(run, 200)).toBeLessThan(MAX_GROWTH);
  });
});
