/**
 * Scans a body that has all the lines of another one and no others, only with other values: as most bodies have, of the
 * same shim at the next scrape. Its families and series are those of the other, and only its values are kept: a tenth of
 * the body.
 */
import { isUtf8 } from 'node:buffer';
import { LF } from '../format/characters.ts';
import { findValueEnd } from '../format/number.ts';
import { isSameWords, viewOf } from '../format/words.ts';
import { haveRisingBuckets } from '../scan/histograms.ts';
import { INTS_PER_LINE, LineTable, type ValueStore, valueStartOf } from '../scan/line-table.ts';
import type { Scan } from '../scan/scanned-body.ts';
import { ValueSlabs } from './value-slabs.ts';

/** How many bytes of its body are values, of a scan that can be followed like this; undefined for others. */
const valueBytesOf = new WeakMap<Scan, number | undefined>();

/** For those who bring none. */
const commonSlabs = new ValueSlabs();

/**
 * The scan of `body`, or undefined when it is not like the other in every line. It refers to the body of the other, and
 * not to `body`.
 */
export function scanLikeWhole(body: Buffer, like: Scan, slabs = commonSlabs): Scan | undefined {
  const likeValueBytes = findValueBytes(like);
  if (likeValueBytes === undefined || body[body.length - 1] !== LF || !isUtf8(body)) {
    return undefined;
  }
  const valueBytes = body.length - like.lines.body.length + likeValueBytes;
  if (valueBytes < like.lines.count) {
    return undefined;
  }
  const lines = takeValues(body, like, slabs.take(like.lines.count, valueBytes), valueBytes);
  return lines !== undefined && haveRisingBuckets(lines, like) ? { ...like, lines } : undefined;
}

function takeValues(body: Buffer, like: Scan, store: ValueStore, valueBytes: number): LineTable | undefined {
  const { words: likeWords, series } = like.lines;
  const words = viewOf(body);
  const { bytes: values, offsets } = store;
  let at = 0;
  let to = 0;
  for (const { head, segments } of like.families) {
    const headEnd = at + head!.end - head!.start;
    if (headEnd > body.length || !isSameWords(words, at, headEnd, likeWords, head!.start)) {
      return undefined;
    }
    at = headEnd;
    const segment = segments[0];
    if (segment === undefined) {
      continue;
    }
    for (let i = segment.from * INTS_PER_LINE; i < segment.to * INTS_PER_LINE; i += INTS_PER_LINE) {
      const likeStart = series[i]!;
      // The blank in front of the value belongs to what has to be the same.
      const valueStart = at - likeStart + valueStartOf(series[i + 1]!);
      if (valueStart >= body.length || !isSameWords(words, at, valueStart, likeWords, likeStart)) {
        return undefined;
      }
      const valueEnd = findValueEnd(body, valueStart);
      // As long as lines are like the other's, no value can be longer than the room that is left.
      if (valueEnd === 0 || valueEnd - valueStart > valueBytes - to) {
        return undefined;
      }
      offsets[i] = to;
      for (let from = valueStart; from < valueEnd; from++) {
        values[to++] = body[from]!;
      }
      offsets[i + 1] = to;
      at = valueEnd + 1;
    }
  }
  return at === body.length ? LineTable.withValues(like.lines, store) : undefined;
}

function findValueBytes(like: Scan): number | undefined {
  if (!valueBytesOf.has(like)) {
    const isFollowable = like.faultCounts.size === 0 && !like.hasTimestamps && hasOnlyHeadsAndLines(like);
    valueBytesOf.set(like, isFollowable ? countValueBytes(like.lines) : undefined);
  }
  return valueBytesOf.get(like);
}

function countValueBytes(lines: LineTable): number {
  let bytes = 0;
  for (let line = 0; line < lines.count; line++) {
    bytes += lines.valueEndOf(line) - lines.valueStartOf(line);
  }
  return bytes;
}

/** Whether it has a body of its own, and nothing is in that but heads and lines, one behind the other. */
function hasOnlyHeadsAndLines({ lines, families }: Scan): boolean {
  if (lines.words !== lines.valueWords) {
    return false;
  }
  let at = 0;
  let line = 0;
  for (const { head, segments } of families) {
    const segment = segments[0] ?? { from: line, to: line };
    if (head?.start !== at || segments.length > 1 || segment.from !== line) {
      return false;
    }
    at = head.end;
    for (; line < segment.to; line++) {
      if (lines.isRewritten(line) || lines.startOf(line) !== at) {
        return false;
      }
      at = lines.valueEndOf(line) + 1;
    }
  }
  return line === lines.count && at === lines.body.length;
}
