import { describe, expect, it } from 'vitest';
import { formatAddress, isLocal, parseListenAddress } from './listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:8090', '127.0.0.1', 8090],
    [':8090', undefined, 8090],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['[::1]:65535', '::1', 65_535],
    ['[::]:80', '::', 80],
    ['localhost:8090', 'localhost', 8090],
    ['node-1.example:8090', 'node-1.example', 8090],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ kind: 'tcp', host, port });
  });

  it.each([
    ['unix:///run/kata-monitor.sock', '/run/kata-monitor.sock'],
    ['unix:/run/a', '/run/a'],
    [`unix:///${'a'.repeat(106)}`, `/${'a'.repeat(106)}`],
  ])('reads %s', (text, path) => {
    expect(parseListenAddress(text)).toEqual({ kind: 'unix', path });
  });

  it.each([
    '',
    '8090',
    '127.0.0.1',
    '127.0.0.1:',
    '::1:8090',
    '[::1]',
    '[127.0.0.1]:80',
    '[x]:1',
    'a:65536',
    'a:-1',
    'a:http',
    'a b:1',
    'http://a:1',
    'unix://',
    'unix:///',
    'unix://run/a',
    'unix:///run/',
    'unix:///a\0b',
    `unix:///${'a'.repeat(107)}`,
  ])('refuses %j', (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });
});

describe('isLocal', () => {
  it.each([
    ['127.0.0.1:1', true],
    ['127.1.2.3:1', true],
    ['[::1]:1', true],
    ['localhost:1', true],
    [':1', false],
    ['0.0.0.0:1', false],
    ['[::]:1', false],
    ['10.0.0.1:1', false],
    ['127.example:1', false],
    ['unix:///run/a', true],
  ])('%s: %s', (text, expected) => {
    expect(isLocal(parseListenAddress(text)!)).toBe(expected);
  });
});

it.each(['[::1]:80', '127.0.0.1:80', ':80', 'unix:///run/a'])('formatAddress gives back %s', (text) => {
  expect(formatAddress(parseListenAddress(text)!)).toBe(text);
});
