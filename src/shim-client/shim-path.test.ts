import { describe, expect, it } from 'vitest';
import { isShimPath } from './shim-path.ts';

describe('isShimPath', () => {
  it.each([
    '/metrics',
    '/agent-url',
    '/debug/vars',
    '/debug/pprof/',
    '/debug/pprof/heap',
    '/debug/pprof/goroutine?debug=1',
    '/debug/pprof/profile?seconds=5&debug=0',
  ])('allows %s', (path) => {
    expect(isShimPath(path)).toBe(true);
  });

  it.each([
    '',
    '/',
    '/metrics/',
    '/metrics?x=1',
    'metrics',
    '//metrics',
    '/iptables',
    '/policy',
    '/direct-volume/stats?path=x',
    '/debug/pprof',
    '/debug/pprof/../../iptables',
    '/debug/pprof/heap/../../../policy',
    '/debug/pprof/%2e%2e/policy',
    '/debug/pprof/heap HTTP/1.1\r\nX: y',
    '/debug/pprof/heap\n',
    '/debug/pprof/heap?a=\r\n',
    '/debug/pprof/heap#x',
    '/metrics\r\n\r\nPUT /policy HTTP/1.1',
  ])('rejects %j', (path) => {
    expect(isShimPath(path)).toBe(false);
  });
});
