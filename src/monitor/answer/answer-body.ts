/**
 * The body of an answer as a stream, compressed or not: made no faster than the client reads it, and not at all after the
 * client is gone.
 */
import { Readable } from 'node:stream';
import { createGzip, type Gzip } from 'node:zlib';
import {
  ChunkPool,
  type ExpositionForm,
  type MergePlan,
  writeOpenMetrics,
  writeProtobuf,
  writeText,
} from '../../exposition/index.ts';
import type { PacedWork } from '../../program/index.ts';

/**
 * Makes the chunks of an answer, taking buffers from the pool where it is given one. An empty chunk is a pause in a long
 * work.
 */
export type ChunkSource = (pool?: ChunkPool) => Iterable<Buffer>;

export interface AnswerBody {
  /** Content-Encoding, where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
}

/** The writer of each form that a response can have. */
export const expositionWriters: Readonly<
  Record<ExpositionForm, (plan: MergePlan, pool?: ChunkPool) => Generator<Buffer>>
> = {
  openmetrics: writeOpenMetrics,
  protobuf: writeProtobuf,
  text: writeText,
};

/**
 * On responses like ours, levels 1 to 3 take the same time; levels 4 to 6 take twice as long and save at most 4 % of the
 * bytes (65.9 MB for 500 sandboxes: level 3 in 120 ms to 6,848 bytes a sandbox, level 6 in 290 ms to 6,581; 2026-11-23).
 */
export const GZIP_LEVEL = 3;

/** What gzip puts out at once. */
const GZIP_CHUNK_BYTES = 64 * 1024;

/** The chunks that gzip has taken in are used again, by this answer and by later ones. */
const pool = new ChunkPool();

/** `work` makes the chunks, between other work of the program. */
export function toBody(source: ChunkSource, isGzip: boolean, work: PacedWork): AnswerBody {
  if (!isGzip) {
    // A chunk that goes to a socket as it is belongs to the socket until it is written: each is a new one.
    const chunks = chunksOf(source(), work);
    return { headers: {}, stream: Readable.from(chunks, { objectMode: false, highWaterMark: 1 }) };
  }
  const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: GZIP_CHUNK_BYTES });
  pump(source(pool), gzip, work).catch((error: unknown) => gzip.destroy(error as Error));
  return { headers: { 'content-encoding': 'gzip' }, stream: gzip };
}

async function* chunksOf(chunks: Iterable<Buffer>, work: PacedWork): AsyncGenerator<Buffer> {
  const iterator = chunks[Symbol.iterator]();
  for (;;) {
    const chunk = await work.run(nextChunk(iterator));
    if (chunk === undefined) {
      return;
    }
    yield chunk;
  }
}

/** The next chunk that is not empty; undefined when there is none. */
function* nextChunk(iterator: Iterator<Buffer>): Generator<void, Buffer | undefined> {
  for (;;) {
    const next = iterator.next();
    if (next.done === true) {
      return undefined;
    }
    if (next.value.length > 0) {
      return next.value;
    }
    yield;
  }
}

/** Compresses one chunk while the next is being made; two are in use at a time, and none is made once nobody reads. */
async function pump(chunks: Iterable<Buffer>, gzip: Gzip, work: PacedWork): Promise<void> {
  const iterator = chunks[Symbol.iterator]();
  let taken: Promise<void> = Promise.resolve();
  while (!gzip.destroyed) {
    const chunk = await work.run(nextChunk(iterator));
    await taken;
    if (chunk === undefined) {
      gzip.end();
      return;
    }
    taken = take(gzip, chunk);
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
