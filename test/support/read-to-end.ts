/**
 * Reads a stream whose other direction stays open: the consumers of node:stream destroy it at its end since Node.js 26.
 */
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** Resolves with all bytes until the peer has ended its side, as text. */
export async function readToEnd(stream: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  await once(stream, 'end');
  return Buffer.concat(pieces).toString();
}
