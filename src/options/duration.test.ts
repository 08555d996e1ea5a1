import { expect, it } from 'vitest';
import { parseDuration } from './duration.ts';

it.each([
  ['0', 0],
  ['0s', 0],
  ['3s', 3000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['2.s', 2000],
  ['100us', 0.1],
  ['100µs', 0.1],
  ['1500000ns', 1.5],
])('parseDuration(%j) is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBeCloseTo(ms, 9);
});

it.each(['', '3', '-1s', '+1s', 's', '.s', '1 s', '1d', '3S', '1s ', '1e3s', 'Infinitys'])(
  'parseDuration(%j) is none',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
