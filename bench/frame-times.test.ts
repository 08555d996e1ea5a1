import { expect, it } from 'vitest';
import { quantile, readFrameTimes, type TraceEvent } from './frame-times.ts';

const event = (
  name: string,
  ts: number,
  { pid = 1, tid = 1, dur = 0, tdur }: Partial<TraceEvent> = {},
): TraceEvent => ({
  name,
  ph: 'X',
  pid,
  tid,
  ts,
  dur,
  tdur: tdur ?? dur,
});

it('adds the tasks of the main thread of the page to the frame in which they end', () => {
  const times = readFrameTimes([
    // Another process has fewer frames.
    event('BeginMainThreadFrame', 0, { pid: 2 }),
    event('DroppedFrame', 0, { pid: 2 }),
    event('BeginMainThreadFrame', 10_000),
    event('BeginMainThreadFrame', 26_000),
    event('BeginMainThreadFrame', 60_000),
    // Ends before the first frame.
    event('RunTask', 1000, { dur: 2000 }),
    // The task that begins a frame starts before the frame's own event.
    event('RunTask', 9000, { dur: 5000, tdur: 3000 }),
    event('RunTask', 15_000, { dur: 1000 }),
    event('RunTask', 25_000, { dur: 20_000, tdur: 8000 }),
    event('RunTask', 30_000, { tid: 9, dur: 9000 }),
    // In no whole frame.
    event('RunTask', 61_000, { dur: 9000 }),
    event('DrawFrame', 12_000, { tid: 5 }),
    event('DroppedFrame', 28_000, { tid: 5 }),
    event('DrawFrame', 62_000, { tid: 5 }),
  ]);
  expect(times).toEqual({ cpuMs: [4, 8], busyMs: [6, 20], intervalMs: [16, 34], drawn: 2, dropped: 1 });
});

it.each([
  [[], 0.5, 0],
  [[3, 1, 2], 0.5, 2],
  [[3, 1, 2], 1, 3],
])('quantile(%j, %d) is %d', (values, share, expected) => {
  expect(quantile(values, share)).toBe(expected);
});
