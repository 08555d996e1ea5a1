/**
 * Scans a body that has all the lines of another one and no others, only with other values: as most bodies have, of the
 * same shim at the next scrape. Nothing is made for its families then, they are those of the other.
 */
import { isUtf8 } from 'node:buffer';
import { LF } from './characters.ts';
import { haveRisingBuckets } from './histograms.ts';
import { INTS_PER_LINE, LineTable } from './line-table.ts';
import { findValueEnd } from './number.ts';
import type { Scan } from './scanned-body.ts';
import { isSameWords } from './words.ts';

/** Whether a scan can be followed like this: no faults, and nothing in its body but heads and lines, one behind the other. */
const canBeFollowed = new WeakMap<Scan, boolean>();

/** The scan of `body`, or undefined when it is not like the other in every line. */
export function scanLikeWhole(body: Buffer, like: Scan): Scan | undefined {
  if (body[body.length - 1] !== LF || !isFollowable(like) || !isUtf8(body)) {
    return undefined;
  }
  const lines = new LineTable(body, like.lines.count);
  return followLines(lines, like) && haveRisingBuckets(lines, like) ? { ...like, lines } : undefined;
}

function followLines(lines: LineTable, like: Scan): boolean {
  const { body, words, offsets } = lines;
  const likeWords = like.lines.words;
  const likeOffsets = like.lines.offsets;
  let at = 0;
  for (const { head, segments } of like.families) {
    const headEnd = at + head!.end - head!.start;
    if (headEnd > body.length || !isSameWords(words, at, headEnd, likeWords, head!.start)) {
      return false;
    }
    at = headEnd;
    const segment = segments[0];
    if (segment === undefined) {
      continue;
    }
    for (let i = segment.from * INTS_PER_LINE; i < segment.to * INTS_PER_LINE; i += INTS_PER_LINE) {
      const likeStart = likeOffsets[i]!;
      const likeInsertAt = likeOffsets[i + 1]!;
      // The blank in front of the value belongs to what has to be the same.
      const valueStart = at - likeStart + (likeInsertAt < 0 ? ~likeInsertAt + 1 : likeInsertAt + 2);
      if (valueStart >= body.length || !isSameWords(words, at, valueStart, likeWords, likeStart)) {
        return false;
      }
      const valueEnd = findValueEnd(body, valueStart);
      if (valueEnd === 0) {
        return false;
      }
      offsets[i] = at;
      offsets[i + 1] = likeInsertAt < 0 ? ~(valueStart - 1) : valueStart - 2;
      offsets[i + 2] = valueEnd;
      at = valueEnd + 1;
    }
  }
  lines.fill(like.lines.count);
  return at === body.length;
}

function isFollowable(like: Scan): boolean {
  let isKnown = canBeFollowed.get(like);
  if (isKnown === undefined) {
    isKnown = like.faultCounts.size === 0 && !like.hasTimestamps && hasOnlyHeadsAndLines(like);
    canBeFollowed.set(like, isKnown);
  }
  return isKnown;
}

function hasOnlyHeadsAndLines({ lines, families }: Scan): boolean {
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
      at = lines.endOf(line) + 1;
    }
  }
  return line === lines.count && at === lines.body.length;
}
