import { expect, it } from 'vitest';
import { scrapeBudgetMs, scrapeDeadlineMs } from './scrape-timeout.ts';

const limits = { scrapeTimeoutMs: 10_000, timeoutOffsetMs: 500 };

it.each([
  ['5', 4500],
  ['5.000000', 4500],
  ['1.5', 1000],
  ['1e1', 9500],
  ['10.5', 10_000],
  ['60', 10_000],
  ['1e300', 10_000],
  ['0.8', 400],
  ['0.2', 100],
  ['0', 10_000],
  ['-1', 10_000],
  ['', 10_000],
  ['x', 10_000],
  ['NaN', 10_000],
  ['Infinity', 10_000],
  ['1.2.3', 10_000],
  [undefined, 10_000],
])('scrapeBudgetMs(%j) is %d', (header, expectedMs) => {
  expect(scrapeBudgetMs(header, limits)).toBe(expectedMs);
});

it.each([
  ['5', 5000],
  ['0.2', 200],
  ['10.2', 10_200],
  ['60', 10_500],
  ['0', 10_500],
  ['x', 10_500],
  [undefined, 10_500],
])('scrapeDeadlineMs(%j) is %d', (header, expectedMs) => {
  expect(scrapeDeadlineMs(header, limits)).toBe(expectedMs);
});
