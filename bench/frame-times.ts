/**
 * What a trace of Chromium says about frames: how long the main thread of a page worked for each, and how many were not drawn
 * in time. Pure. Used by bench/page.ts.
 */

/** An event in the format of Chromium's traces. Times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** CPU time of the thread. */
  readonly tdur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface FrameTimes {
  /** CPU time of the main thread from the beginning of each of its frames to the next one, in milliseconds. */
  readonly cpuMs: readonly number[];
  /** The same as time that passed, which other programs on the machine prolong. */
  readonly busyMs: readonly number[];
  /** Time from the beginning of each frame of the main thread to the next one, in milliseconds. */
  readonly intervalMs: readonly number[];
  /** Frames that the compositor drew. */
  readonly drawn: number;
  /** Frames for which something was to be drawn, and was not. */
  readonly dropped: number;
}

const US_PER_MS = 1000;

/** `events`: with the categories of `frameCategories`. The page is the process with the most frames. */
export function readFrameTimes(events: readonly TraceEvent[]): FrameTimes {
  const begins = events.filter(({ name }) => name === 'BeginMainThreadFrame');
  const pid = mostFrequent(begins.map((event) => event.pid));
  const ofPage = events.filter((event) => event.pid === pid);
  const tid = begins.find((event) => event.pid === pid)?.tid;
  const starts = begins
    .filter((event) => event.pid === pid)
    .map(({ ts }) => ts)
    .sort((a, b) => a - b);
  const tasks = ofPage
    .filter((event) => event.tid === tid && event.name === 'RunTask' && event.dur !== undefined)
    .sort((a, b) => a.ts - b.ts);
  const frames = Array.from({ length: Math.max(0, starts.length - 1) }, () => ({ cpuMs: 0, busyMs: 0 }));
  let frame = 0;
  for (const { ts, dur = 0, tdur = 0 } of tasks) {
    // A task belongs to the frame in which it ends: the one that begins a frame starts before the frame's own event.
    while (frame < frames.length && ts + dur >= starts[frame + 1]!) {
      frame++;
    }
    const of = frames[frame];
    if (of !== undefined && ts + dur >= starts[0]!) {
      of.cpuMs += tdur / US_PER_MS;
      of.busyMs += dur / US_PER_MS;
    }
  }
  return {
    cpuMs: frames.map(({ cpuMs }) => cpuMs),
    busyMs: frames.map(({ busyMs }) => busyMs),
    intervalMs: starts.slice(1).map((ts, i) => (ts - starts[i]!) / US_PER_MS),
    drawn: ofPage.filter(({ name }) => name === 'DrawFrame').length,
    dropped: ofPage.filter(({ name }) => name === 'DroppedFrame').length,
  };
}

export const frameCategories = [
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'disabled-by-default-devtools.timeline.frame',
];

function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** `share`: 0.5 for the median. 0 for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
