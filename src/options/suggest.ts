/**
 * "Did you mean": the known word nearest to one that was mistyped. Pure.
 */

/** A word with more edits than this is a different word, not a mistyped one. */
const MAX_EDITS = 3;

/** `; did you mean "x"?` to append to a message, or the empty string when no known word is near. */
export function suggest(word: string, known: readonly string[], prefix = ''): string {
  const near = findNearest(word, known);
  return near === undefined ? '' : `; did you mean "${prefix}${near}"?`;
}

/** The known word with the fewest edits; undefined when each needs more edits than a third of the letters, or than three. */
export function findNearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.min(MAX_EDITS, Math.max(1, Math.floor(word.length / 3)));
  let best: string | undefined;
  let bestEdits = limit + 1;
  for (const candidate of known) {
    // The edits are at least the difference in length, so a long word needs no counting.
    const edits = Math.abs(candidate.length - word.length) > limit ? bestEdits : countEdits(word, candidate);
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Letters to insert, delete, substitute or swap with their neighbour: the optimal string alignment distance. */
export function countEdits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, beforeLast[j - 2]! + 1);
      }
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
