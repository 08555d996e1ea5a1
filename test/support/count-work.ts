/**
 * Work as a number that is the same on every machine, for tests of how cost grows with input: blocks of our own code that
 * were run, as V8 counts them for coverage, and bytes or elements that built-in functions went over. Patterns count the
 * length of their input, which is only true of those that do not backtrack: `test/patterns.test.ts` sees to that.
 */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Wrapped = Record<string, AnyFunction>;

/** Of each built-in, the elements that a call goes over at most: found by `this`, the result and the arguments. */
type CostOf = (self: { length: number }, result: unknown, args: readonly unknown[], lastIndex: number) => number;

const byLength: CostOf = (self) => self.length;
/** From where the search began to what was found, or to the end. */
const bySearch: CostOf = (self, found, [, from]) => {
  const start = typeof from === 'number' ? from : 0;
  return (found === -1 ? self.length : Number(found)) - start + 1;
};
const byResult: CostOf = (_self, result) => (result as { length?: number } | undefined)?.length ?? 1;
/** Of an ArrayBuffer, a view is made and not a copy. */
const byCopy: CostOf = (self, result, args, lastIndex) =>
  args[0] instanceof ArrayBuffer ? 1 : byResult(self, result, args, lastIndex);
const byCount: CostOf = (_self, copied) => Number(copied);
const byInput: CostOf = (_self, _result, [input]) => (input as { length: number }).length;
/** A pattern is tried from where the last match ended to where it matches; a sticky one only there. */
const byMatch: CostOf = (self, result, [input], lastIndex) => {
  const { sticky, global } = self as unknown as RegExp;
  const match = result as RegExpExecArray | null;
  if (sticky) {
    return match?.[0].length ?? 1;
  }
  const end = match === null ? String(input).length : match.index + match[0].length;
  return end - (global ? lastIndex : 0) + 1;
};

const builtIns: readonly [owner: object, costs: Readonly<Record<string, CostOf>>][] = [
  [
    Buffer.prototype,
    {
      copy: byCount,
      equals: byLength,
      fill: byLength,
      includes: byLength,
      indexOf: bySearch,
      lastIndexOf: byLength,
      latin1Slice: byResult,
      toString: byResult,
      utf8Slice: byResult,
    },
  ],
  [Buffer, { concat: byResult, from: byCopy }],
  [Uint8Array.prototype, { set: byInput, slice: byResult }],
  [
    String.prototype,
    {
      includes: byLength,
      indexOf: bySearch,
      localeCompare: byLength,
      match: byLength,
      matchAll: byLength,
      replace: byLength,
      replaceAll: byLength,
      split: byLength,
      toLowerCase: byLength,
      trim: byLength,
    },
  ],
  [RegExp.prototype, { exec: byMatch }],
  // The constructor calls it for each entry of a map that is copied.
  [Map.prototype, { set: () => 1 }],
  [
    Array.prototype,
    {
      filter: byLength,
      find: byLength,
      findIndex: byLength,
      flatMap: byLength,
      includes: byLength,
      indexOf: byLength,
      join: byLength,
      map: byLength,
      reduce: byLength,
      shift: byLength,
      slice: byResult,
      some: byLength,
      splice: byLength,
    },
  ],
];

/** Runs `run`, which must not be asynchronous, and returns the work that it took. */
export function countWork(run: () => void): number {
  const session = new Session();
  session.connect();
  // Optimized code does not count every block.
  setFlagsFromString('--no-opt');
  setFlagsFromString('--no-maglev');
  let built = 0;
  const restore: (() => void)[] = [];
  const restoreAll = (): void => {
    for (const undo of restore.splice(0)) {
      undo();
    }
  };
  try {
    session.post('Profiler.enable');
    session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    takeBlocks(session);
    let isCounting = false;
    for (const [owner, costs] of builtIns) {
      for (const [name, costOf] of Object.entries(costs)) {
        const original = (owner as Wrapped)[name]!;
        const counted: AnyFunction = function counted(...args) {
          const lastIndex = (this as { lastIndex?: number } | undefined)?.lastIndex ?? 0;
          const result = original.apply(this, args);
          if (isCounting) {
            isCounting = false;
            built += Math.max(1, costOf(this as { length: number }, result, args, lastIndex));
            isCounting = true;
          }
          return result;
        };
        (owner as Wrapped)[name] = counted;
        restore.push(() => {
          (owner as Wrapped)[name] = original;
        });
      }
    }
    isCounting = true;
    try {
      run();
    } finally {
      isCounting = false;
    }
    restoreAll();
    return takeBlocks(session) + built;
  } finally {
    restoreAll();
    session.post('Profiler.stopPreciseCoverage');
    setFlagsFromString('--opt');
    setFlagsFromString('--maglev');
    session.disconnect();
  }
}

/** How many times as much work twice the input takes: 2 where cost is linear, 4 where it is quadratic. */
export function growthOf(run: (size: number) => void, size: number): number {
  // What is only done once is done, and V8 has given the counts of the time before the first count began.
  countWork(() => run(8));
  return countWork(() => run(2 * size)) / countWork(() => run(size));
}

function takeBlocks(session: Session): number {
  let blocks = 0;
  session.post('Profiler.takePreciseCoverage', (_error: Error | null, coverage: Coverage) => {
    for (const { url, functions } of coverage.result) {
      if (!url.includes('/src/') || url.includes('/node_modules/')) {
        continue;
      }
      for (const { ranges } of functions) {
        blocks += ranges.reduce((sum, { count }) => sum + count, 0);
      }
    }
  });
  return blocks;
}
