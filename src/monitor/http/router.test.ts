import { describe, expect, it } from 'vitest';
import type { Page } from './pages/page.ts';
import { decodePath, Router, readTarget } from './router.ts';

const paths = ['/', '/metrics', '/sandboxes', '/sandboxes/*', '/sandboxes/of/*'];
const router = new Router(paths.map((path) => ({ path }) as Page));

describe('readTarget', () => {
  it.each([
    ['/', '/', undefined],
    ['/metrics?a=b?c', '/metrics', 'a=b?c'],
    ['/metrics?', '/metrics', ''],
    ['http://node:8090/metrics?a=b', '/metrics', 'a=b'],
    ['HTTPS://node/metrics', '/metrics', undefined],
    ['//node/metrics', '//node/metrics', undefined],
    ['*', '*', undefined],
    ['', '', undefined],
  ])('reads %j as %j and %j', (url, path, query) => {
    expect(readTarget(url)).toEqual({ path, query });
  });
});

describe('decodePath', () => {
  it.each([
    ['/metrics', '/metrics'],
    ['/%6detrics', '/metrics'],
    ['/a%2fb', '/a%2fb'],
    ['/%zz', undefined],
    ['/%ff', undefined],
  ])('decodes %j to %j', (path, expected) => {
    expect(decodePath(path)).toBe(expected);
  });
});

describe('Router', () => {
  it.each([
    ['/', '/'],
    ['/metrics', '/metrics'],
    ['/metrics/', undefined],
    ['/Metrics', undefined],
    ['/sandboxes', '/sandboxes'],
    ['/sandboxes/', '/sandboxes/*'],
    ['/sandboxes/a/b', '/sandboxes/*'],
    ['/sandboxes/of/a', '/sandboxes/of/*'],
    ['/sandboxesx', undefined],
    ['*', undefined],
    ['__proto__', undefined],
  ])('serves %j by the page %j', (path, page) => {
    expect(router.find(path)?.path).toBe(page);
  });

  it.each([
    ['//metrics', undefined, '/metrics'],
    ['/./metrics', 'a=b', '/metrics?a=b'],
    ['//example.com/..', undefined, '/'],
    ['/sandboxes/of', '', '/sandboxes/of/?'],
    ['//example.com', undefined, undefined],
    ['/metrics', undefined, undefined],
  ])('redirects %j with query %j to %j', (path, query, location) => {
    expect(router.findRedirect({ path, query })).toBe(location);
  });
});
