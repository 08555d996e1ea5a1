import { describe, expect, it } from 'vitest';
import { formatExporterPath, isExporterName, parseExporterAddress, parseExporterPath } from './address.ts';

describe('The address of an exporter', () => {
  it.each([
    ['9100', { kind: 'port', port: 9100, path: '/metrics' }],
    ['1', { kind: 'port', port: 1, path: '/metrics' }],
    ['65535/a/b.c', { kind: 'port', port: 65_535, path: '/a/b.c' }],
    ['unix:/run/dcgm.sock', { kind: 'socket', socketPath: '/run/dcgm.sock', path: '/metrics' }],
  ])('%s', (text, target) => {
    expect(parseExporterAddress(text)).toEqual(target);
  });

  it.each([
    '',
    '0',
    '65536',
    '99999999999',
    '9100/',
    '9100/../x',
    '9100/a?b',
    '9100/a b',
    '127.0.0.1:9100',
    'http://127.0.0.1:9100/metrics',
    '-1',
    'unix:',
    'unix:/',
    'unix:run/x.sock',
    'unix:/run/../etc/x',
    `unix:/${'a'.repeat(60)}/${'b'.repeat(60)}`,
    'unix:/run/x.sock\0',
    '9100\r\nHost: x',
  ])('%j is none', (text) => {
    expect(parseExporterAddress(text)).toBeUndefined();
  });
});

describe('The name of an exporter', () => {
  it.each(['a', 'node', 'dcgm-exporter', 'a_1', '0', 'a'.repeat(63)])('%s', (name) => {
    expect(isExporterName(name)).toBe(true);
  });

  it.each(['', '-a', 'a-', 'A', 'a b', 'a"', 'é', 'a'.repeat(64)])('%j is none', (name) => {
    expect(isExporterName(name)).toBe(false);
  });
});

describe('The path of a shim', () => {
  it.each(['9100', '9100/a/b', 'unix:/run/x.sock'])('has the address %s', (address) => {
    expect(parseExporterPath(formatExporterPath('node', address))).toEqual({ name: 'node', address });
  });

  it.each([
    '/guest-exporter',
    '/guest-exporter?name=node',
    '/guest-exporter?name=-&address=9100',
    '/guest-exporter?name=node&address=0',
    '/guest-exporter?name=node&address=9100&address=1',
    '/guest-exporter?address=9100&name=node',
    '/guest-exporter?name=node&address=%39100',
  ])('%s has none', (path) => {
    expect(parseExporterPath(path)).toBeUndefined();
  });
});
