/**
 * The two clients of the soak: one that reads as fast as it can, and one that takes its response at a trickle. Both say how
 * long they wait, and neither uses a connection twice.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { requestScrape } from '../scrape-request.ts';

export interface WholeAnswer {
  /** Plain text, in its own memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** From the request to the last byte. */
  readonly milliseconds: number;
}

/** Reads a compressed response to its end. */
export async function scrapeFast(url: string, timeoutMs: number): Promise<WholeAnswer> {
  const startMs = performance.now();
  const response = await requestScrape(url, { isGzip: true, timeoutMs, isAlone: true });
  let endMs = 0;
  response.once('end', () => {
    endMs = performance.now();
  });
  const gunzip = createGunzip();
  // A response that is cut off is an error here, not a wait without end.
  const [pieces] = await Promise.all([gunzip.toArray() as Promise<Buffer[]>, pipeline(response, gunzip)]);
  return { bytes: new Uint8Array(Buffer.concat(pieces)), milliseconds: endMs - startMs };
}

/** How a slow client's scrape ended, looked at when the time is over that the client said it waits. */
export interface SlowScrape {
  readonly kind: 'cut_off' | 'complete' | 'still_open';
  /** That the client took before. */
  readonly bytes: number;
}

const trickle = { bytes: 16 * 1024, everyMs: 100 };

/** After the time that the client says it waits, for the two clocks and for a processor that is busy. */
const CUT_OFF_SLACK_MS = 2000;

/** Reads a response that is not compressed, some 160 KB in a second, until the time is over. */
export async function scrapeSlowly(url: string, timeoutMs: number): Promise<SlowScrape> {
  const untilMs = performance.now() + timeoutMs + CUT_OFF_SLACK_MS;
  const response = await requestScrape(url, { isGzip: false, timeoutMs, isAlone: true });
  const { socket } = response;
  let bytes = 0;
  // The end of a connection that is cut off is no fault here: it is what is looked for.
  response.on('error', () => undefined);
  response.pause();
  while (performance.now() < untilMs && !response.readableEnded && !response.destroyed) {
    bytes += (response.read(trickle.bytes) as Buffer | null)?.length ?? 0;
    await delay(Math.min(trickle.everyMs, Math.max(0, untilMs - performance.now())));
  }
  if (isHeldByServer(socket)) {
    socket.destroy();
    return { kind: 'still_open', bytes };
  }
  return { kind: (await isWhole(response)) ? 'complete' : 'cut_off', bytes };
}

/** Whether the rest, which lies in the kernel, has the end of the response in it. */
async function isWhole(response: IncomingMessage): Promise<boolean> {
  response.resume();
  if (!response.closed) {
    await new Promise((resolve) => response.once('close', resolve));
  }
  return response.complete;
}

/** State of a TCP connection that neither side has closed, in /proc/net/tcp. */
const ESTABLISHED = '01';

/** Whether the other process has not closed its side, as the kernel of both says: proc_net_tcp(5). */
function isHeldByServer({ remotePort, localPort }: Socket): boolean {
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return rows.some((row) => {
    const [, local = '', remote = '', state] = row.trim().split(/\s+/);
    return portOf(local) === remotePort && portOf(remote) === localPort && state === ESTABLISHED;
  });
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}
