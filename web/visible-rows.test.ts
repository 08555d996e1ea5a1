import { expect, it } from 'vitest';
import { visibleRows } from './visible-rows.ts';

it.each([
  [
    { top: 0, height: 360, count: 1000 },
    { from: 0, to: 26 },
  ],
  [
    { top: 3600, height: 360, count: 1000 },
    { from: 88, to: 126 },
  ],
  // Within four rows, the same ones.
  [
    { top: 3743, height: 360, count: 1000 },
    { from: 88, to: 126 },
  ],
  [
    { top: 3744, height: 360, count: 1000 },
    { from: 92, to: 130 },
  ],
  [
    { top: 36_000, height: 360, count: 1000 },
    { from: 987, to: 1000 },
  ],
  // Fewer rows after a filter, before the browser has scrolled back.
  [
    { top: 36_000, height: 360, count: 3 },
    { from: 0, to: 3 },
  ],
  [
    { top: 0, height: 360, count: 0 },
    { from: 0, to: 0 },
  ],
])('visibleRows(%j)', (sight, expected) => {
  expect(visibleRows({ ...sight, rowHeight: 36 })).toEqual(expected);
});
