/**
 * The body of an answer as a stream, compressed or not: made no faster than the client reads it, and not at all after the
 * client is gone.
 */
import { Readable } from 'node:stream';
import { createGzip, type Gzip } from 'node:zlib';
import { ChunkPool } from '../../exposition/index.ts';
import { gzipLevel } from './gzip-level.ts';

/** Makes the chunks of an answer, taking buffers from the pool where it is given one. */
export type ChunkSource = (pool?: ChunkPool) => Iterable<Buffer>;

export interface AnswerBody {
  /** Content-Encoding, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
}

/** What gzip puts out at once. */
const GZIP_CHUNK_BYTES = 64 * 1024;

/** The chunks that gzip has taken in are used again, by this answer and by later ones. */
const pool = new ChunkPool();

export function toBody(source: ChunkSource, isGzip: boolean): AnswerBody {
  if (!isGzip) {
    // A chunk that goes to a socket as it is belongs to the socket until it is written: each is a new one.
    return { headers: {}, stream: Readable.from(source(), { objectMode: false, highWaterMark: 1 }) };
  }
  const gzip = createGzip({ level: gzipLevel, chunkSize: GZIP_CHUNK_BYTES });
  pump(source(pool), gzip).catch((error: unknown) => gzip.destroy(error as Error));
  return { headers: { 'content-encoding': 'gzip' }, stream: gzip };
}

/** Compresses one chunk while the next is being made; two are in use at a time, and none is made once nobody reads. */
async function pump(chunks: Iterable<Buffer>, gzip: Gzip): Promise<void> {
  const iterator = chunks[Symbol.iterator]();
  let taken: Promise<void> = Promise.resolve();
  while (!gzip.destroyed) {
    const next = iterator.next();
    await taken;
    if (next.done === true) {
      gzip.end();
      return;
    }
    taken = take(gzip, next.value);
  }
}

function take(gzip: Gzip, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Called with an error too, when the client is gone; then the pump sees that the stream is destroyed.
    gzip.write(chunk, () => {
      pool.give(chunk);
      resolve();
    });
  });
}
