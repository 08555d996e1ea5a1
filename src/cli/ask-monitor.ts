/**
 * One answer of the monitor's /metrics, asked as any client would ask. Called by the table of `up`.
 */
import { type IncomingMessage, request } from 'node:http';
import { toReachableUrl, toSocketPath } from './where-to-look.ts';

/** The monitor gives a scrape 10 s by itself. */
const TIMEOUT_MS = 15_000;

/** `url`: where the monitor listens. Rejects with the signal's reason, with a timeout, or with the system's error. */
export async function askMonitor(url: string, signal: AbortSignal): Promise<Buffer> {
  const socketPath = toSocketPath(url);
  const asked = request(`${socketPath === undefined ? toReachableUrl(url) : 'http://localhost'}/metrics`, {
    headers: { accept: 'text/plain' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    ...(socketPath === undefined ? {} : { socketPath }),
  });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve).on('error', reject).end();
  });
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
  }
  if (response.statusCode !== 200) {
    throw new Error(`Cannot read the metrics of "${url}": monitor answered with status ${response.statusCode}`);
  }
  return Buffer.concat(pieces);
}
