/**
 * Work in small steps: generators that yield where the caller may pause. Only their result matters.
 */

/** Does all steps without a pause. */
export function runToEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}

/** Elements that are sorted or merged without a pause. */
const SORT_STEP = 4096;

/** Sorts by name, bytewise, as `Array.prototype.sort` would: parts of it, which are then merged. */
export function* sortByName<T extends { readonly name: string }>(items: readonly T[]): Generator<void, T[]> {
  let runs: T[][] = [];
  for (let at = 0; at < items.length; at += SORT_STEP) {
    runs.push(items.slice(at, at + SORT_STEP).sort((a, b) => (a.name < b.name ? -1 : 1)));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      merged.push(yield* mergeRuns(runs[i]!, runs[i + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeRuns<T extends { readonly name: string }>(a: readonly T[], b: readonly T[]): Generator<void, T[]> {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const isFirst = j === b.length || (i < a.length && a[i]!.name <= b[j]!.name);
    merged.push(isFirst ? a[i++]! : b[j++]!);
    if (merged.length % SORT_STEP === 0) {
      yield;
    }
  }
  return merged;
}
