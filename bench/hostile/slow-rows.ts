/**
 * Shims that respond correctly, but late or piece by piece.
 */
import type { HostileRow } from './row.ts';

const SLOW_MS = 2900;
const body = Buffer.from('# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 1\n');

export const slowRows: readonly HostileRow[] = [
  { name: 'a correct response after 2.9 s', respond: () => ({ body, delayMs: SLOW_MS }) },
  {
    name: 'a correct response after 2.9 s, 100 sandboxes',
    sandboxes: 100,
    respond: () => ({ body, delayMs: SLOW_MS }),
  },
  {
    name: 'a correct response after 2.9 s at every second request',
    scrapes: 5,
    respond: (_sandbox, request) => ({ body, delayMs: request % 2 === 0 ? SLOW_MS : 0 }),
  },
  { name: 'a status of 500 after 2.9 s', respond: () => ({ body: Buffer.alloc(0), delayMs: SLOW_MS, head: failure }) },
];

const failure = Buffer.from('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
