/**
 * The body of a response as a stream, compressed or not: generated no faster than the client reads it, and not after the
 * client has disconnected.
 */
import { Readable, type Transform } from 'node:stream';
import { createGzip } from 'node:zlib';
import {
  ChunkPool,
  contentTypeFor,
  countLines,
  type ExpositionForm,
  GzipWriter,
  type MergePlan,
  writeOpenMetrics,
  writeOpenMetricsTo,
  writeProtobuf,
  writeText,
  writeTextTo,
} from '../../exposition/index.ts';
import type { PacedWork } from '../../program/index.ts';
import type { ContentEncoding, MetricsRequest, MetricsResponse } from './metrics-responder.ts';

/**
 * Generates the chunks of a response, with buffers from `pool`, if given. An empty chunk marks a pause in long work.
 */
export type ChunkSource = (pool?: ChunkPool) => Iterable<Buffer>;

export interface ResponseBody {
  /** Content-Encoding, if any. */
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: Readable;
}

export interface PlanResponseOptions extends Pick<MetricsRequest, 'accept' | 'encoding'> {
  /** Negotiated before the plan was made, which depends on it. */
  readonly form: ExpositionForm;
  readonly work: PacedWork;
  readonly onClose?: () => void;
}

/** The writer of each exposition format. */
export const expositionWriters: Readonly<
  Record<ExpositionForm, (plan: MergePlan, pool?: ChunkPool) => Generator<Buffer>>
> = {
  openmetrics: writeOpenMetrics,
  protobuf: writeProtobuf,
  text: writeText,
};

/**
 * Compress large responses while they are written. They know where a line repeats another one, so they take less time than gzip, which
 * searches. Protobuf has none.
 */
const gzipWriters: Readonly<Partial<Record<ExpositionForm, (plan: MergePlan) => Generator<Buffer>>>> = {
  openmetrics: (plan) => writeOpenMetricsTo(new GzipWriter(), plan),
  text: (plan) => writeTextTo(new GzipWriter(), plan),
};

/**
 * About 150 sandboxes with 800 lines each. In smaller responses most labels stand in the 32 KiB before, where zlib finds all of them: with
 * 100 sandboxes the writers take 0.89 of the CPU time of zlib and 14 % more bytes (2026-11-27).
 */
const MIN_GZIP_WRITER_LINES = 120_000;

/**
 * On our responses, levels 1 to 3 take the same time; levels 4 to 6 take twice as long and save at most 4 % of the
 * bytes (65.9 MB for 500 sandboxes: level 3 in 120 ms to 6,848 bytes a sandbox, level 6 in 290 ms to 6,581; 2026-11-23).
 */
export const GZIP_LEVEL = 3;

/** Size of the chunks that gzip emits. */
const GZIP_CHUNK_BYTES = 16 * 1024;

const encoders: Readonly<Record<ContentEncoding, () => Transform>> = {
  gzip: () => createGzip({ level: GZIP_LEVEL, chunkSize: GZIP_CHUNK_BYTES }),
};

/** Chunks are reused after gzip has consumed them, by this response and by later ones. */
const pool = new ChunkPool();

/** `work` runs the generation of chunks between other work of the process. */
export function toBody(source: ChunkSource, encoding: ContentEncoding | undefined, work: PacedWork): ResponseBody {
  if (encoding === undefined) {
    // A socket owns an uncompressed chunk until it is written, so each chunk is a new buffer.
    return { headers: {}, stream: toStream(source(), work) };
  }
  const encoder = encoders[encoding]();
  pump(source(pool), encoder, work).catch((error: unknown) => encoder.destroy(error as Error));
  return { headers: { 'content-encoding': encoding }, stream: encoder };
}

/** The families of a plan, in a form and encoding that the client accepts. `onClose` is called when none of them is read any more. */
export function respondPlan(
  plan: MergePlan,
  { form, accept, encoding, work, onClose }: PlanResponseOptions,
): MetricsResponse {
  const { headers, stream } = toPlanBody(plan, { form, encoding, work });
  if (onClose !== undefined) {
    stream.once('close', onClose);
  }
  return { status: 200, headers: { 'content-type': contentTypeFor(form, accept), ...headers }, body: stream };
}

function toPlanBody(
  plan: MergePlan,
  { form, encoding, work }: Pick<PlanResponseOptions, 'form' | 'encoding' | 'work'>,
): ResponseBody {
  const writeGzip = encoding === 'gzip' ? gzipWriters[form] : undefined;
  if (writeGzip !== undefined && countLines(plan, MIN_GZIP_WRITER_LINES) >= MIN_GZIP_WRITER_LINES) {
    return { headers: { 'content-encoding': 'gzip' }, stream: toStream(writeGzip(plan), work) };
  }
  return toBody((chunks) => expositionWriters[form](plan, chunks), encoding, work);
}

function toStream(chunks: Iterable<Buffer>, work: PacedWork): Readable {
  return Readable.from(chunksOf(chunks, work), { objectMode: false, highWaterMark: 1 });
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

/** The next chunk that is not empty; undefined at the end. */
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

/** Compresses one chunk while the next one is generated: two are in use at a time. Stops when the client has disconnected. */
async function pump(chunks: Iterable<Buffer>, encoder: Transform, work: PacedWork): Promise<void> {
  const iterator = chunks[Symbol.iterator]();
  let taken: Promise<void> = Promise.resolve();
  while (!encoder.destroyed) {
    const chunk = await work.run(nextChunk(iterator));
    await taken;
    if (chunk === undefined) {
      encoder.end();
      return;
    }
    taken = take(encoder, chunk);
  }
}

function take(encoder: Transform, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    // Also called with an error, when the client has disconnected; the pump then sees that the stream is destroyed.
    encoder.write(chunk, () => {
      pool.give(chunk);
      resolve();
    });
  });
}
