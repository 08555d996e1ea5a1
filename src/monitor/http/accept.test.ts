import { expect, it } from 'vitest';
import { acceptsHtml, chooseEncoding } from './accept.ts';

it.each([
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['deflate, GZIP;q=0.5', true],
  ['x-gzip', true],
  ['*', true],
  ['*;q=0.1', true],
  ['gzip;q=1.000', true],
  ['gzip; q = 0.001', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000, *', false],
  ['*;q=0', false],
  ['identity', false],
  ['deflate, br', false],
  ['gzipped', false],
  ['gzip;q=2', false],
  ['gzip;q=x', false],
  ['', false],
  [undefined, false],
])('chooseEncoding(%j): gzip is chosen: %s', (header, expected) => {
  expect(chooseEncoding(header)).toBe(expected ? 'gzip' : undefined);
});

it.each([
  ['text/html', true],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
  ['text/plain, TEXT/HTML;level=1;q=0.3', true],
  ['*/*', false],
  ['text/*', false],
  ['text/html;q=0', false],
  ['text/plain', false],
  [undefined, false],
])('acceptsHtml(%j) is %s', (header, expected) => {
  expect(acceptsHtml(header)).toBe(expected);
});
