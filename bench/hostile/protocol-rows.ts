/**
 * Responses that are made to cost much before their body is scanned.
 */
import type { HostileRow } from './row.ts';

const MAX_HEAD_BYTES = 16 * 1024;
const start = 'HTTP/1.1 200 OK\r\n';

export const protocolRows: readonly HostileRow[] = [
  always('a header of 16,000 blanks and a NUL', `${start}X:${' '.repeat(16_000)}\0\r\n\r\n`, ''),
  always('4,000 headers', `${start}${'a:\r\n'.repeat(MAX_HEAD_BYTES / 5)}Content-Length: 0\r\n\r\n`, ''),
  always('4 MiB in chunks of 6 bytes', `${start}Transfer-Encoding: chunked\r\n\r\n`, inChunks('x 1\nx ', 700_000)),
  always(
    'extensions of 60 KB in a chunk',
    `${start}Transfer-Encoding: chunked\r\n\r\n`,
    `1;${'e="";'.repeat(12_000)}\r\n`,
  ),
];

function always(name: string, head: string, body: string): HostileRow {
  const response = { head: Buffer.from(head, 'latin1'), body: Buffer.from(body) };
  return { name, respond: () => response };
}

function inChunks(chunk: string, count: number): string {
  return `${`${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(count)}0\r\n\r\n`;
}
