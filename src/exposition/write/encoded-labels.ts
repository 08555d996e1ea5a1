/**
 * The labels of all lines of a family, as fields of `Metric`: found once for all bodies of a form, and kept as long as the form.
 * Called by the writer of protobuf for families with one value a metric.
 */
import { BRACE_OPEN } from '../format/characters.ts';
import { MAX_OVERSHOOT_BYTES, viewOf } from '../format/words.ts';
import { insertAtOf, type ScannedFamily, type SeriesTable, seriesStart } from '../scan/scanned-body.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ProtobufLabels } from './protobuf-labels.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

export interface EncodedLabels {
  /** The fields of all lines, one after the other; longer than they are by what a copy by words may read. */
  readonly words: DataView;
  /** Where those of each line end, in the order of the segments. */
  readonly ends: Uint32Array;
}

/** Bytes that are worked on without a pause. */
const STEP_BYTES = 64 * 1024;
/** Families of more lines are encoded for each response: a hostile form must not take twice its memory. */
const MAX_KEPT_LINES = 1000;

/** Encoded labels are copied out of the chunk, and the chunk is used again. */
const pool = new ChunkPool(1);

const kept = new WeakMap<ScannedFamily, EncodedLabels>();

/** Yields where the caller may do other things. */
export function* encodeLabels(family: ScannedFamily, series: SeriesTable): Generator<void, EncodedLabels> {
  const known = kept.get(family);
  if (known !== undefined) {
    return known;
  }
  const lines = family.segments.reduce((sum, { from, to }) => sum + to - from, 0);
  const ends = new Uint32Array(lines);
  const labels = new ProtobufLabels();
  const writer = new ProtobufWriter(pool);
  let index = 0;
  let end = 0;
  let worked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const insertAt = insertAtOf(series, line);
      const start = seriesStart(series, line);
      if (insertAt >= 0) {
        labels.load(series.body, series.body.indexOf(BRACE_OPEN, start) + 1, insertAt);
        writer.reserve(labels.byteLength);
        labels.write(writer);
        end += labels.byteLength;
      }
      ends[index++] = end;
      worked += (insertAt < 0 ? ~insertAt : insertAt) - start;
      if (worked >= STEP_BYTES) {
        worked = 0;
        yield;
      }
    }
  }
  const bytes = Buffer.allocUnsafeSlow(end + MAX_OVERSHOOT_BYTES);
  let at = 0;
  for (const chunk of writer.takeAll()) {
    at += chunk.copy(bytes, at);
    pool.give(chunk);
  }
  const encoded = { words: viewOf(bytes), ends };
  if (lines <= MAX_KEPT_LINES) {
    kept.set(family, encoded);
  }
  return encoded;
}
