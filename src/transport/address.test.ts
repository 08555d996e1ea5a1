import { describe, expect, it } from 'vitest';
import { type Address, formatAddress, parseAddress } from './address.ts';

const VALID: readonly [string, Address][] = [
  ['unix:///run/kata/a/agent.sock', { kind: 'unix', path: '/run/kata/a/agent.sock' }],
  ['unix:///a b:1024', { kind: 'unix', path: '/a b:1024' }],
  [`unix:///${'x'.repeat(106)}`, { kind: 'unix', path: `/${'x'.repeat(106)}` }],
  ['vsock://3:1024', { kind: 'vsock', cid: 3, port: 1024 }],
  ['vsock://4294967295:0', { kind: 'vsock', cid: 4294967295, port: 0 }],
  [
    'hvsock:///run/vc/firecracker/root/kata.hvsock:1024',
    { kind: 'hvsock', path: '/run/vc/firecracker/root/kata.hvsock', port: 1024 },
  ],
  ['hvsock:///a:b:1024', { kind: 'hvsock', path: '/a:b', port: 1024 }],
  ['hvsock:///run/v.sock:0', { kind: 'hvsock', path: '/run/v.sock', port: 0 }],
  ['serial://kata.agent', { kind: 'serial', port: 'kata.agent' }],
  [`serial://${'p'.repeat(128)}`, { kind: 'serial', port: 'p'.repeat(128) }],
  ['serial+unix:///run/kata/a/agent.sock', { kind: 'serial+unix', path: '/run/kata/a/agent.sock' }],
  ['remote:///run/peerpod/pods/a/agent.ttrpc', { kind: 'remote', path: '/run/peerpod/pods/a/agent.ttrpc' }],
];

const INVALID: readonly [string, string][] = [
  ['', 'expected unix://<path>'],
  ['/run/a.sock', 'expected unix://<path>'],
  ['tcp://127.0.0.1:1', 'expected unix://<path>'],
  ['unix:/run/a.sock', 'expected unix://<path>'],
  ['unix://run/a.sock', 'path "run/a.sock" is not absolute'],
  ['unix://', 'path "" is not absolute'],
  ['unix://@abstract', 'path "@abstract" is not absolute'],
  ['unix:///a\0b', 'path holds a NUL'],
  [`unix:///${'x'.repeat(107)}`, "last part of a path of 108 bytes has 107, a socket's has at most 82 there"],
  [`unix:///${'ü'.repeat(54)}`, "last part of a path of 109 bytes has 108, a socket's has at most 82 there"],
  [`unix://${'/x'.repeat(2048)}`, 'path has 4096 bytes, at most 4095 are possible'],
  ['vsock://3', 'expected vsock://<cid>:<port>'],
  ['vsock://three:1024', 'expected vsock://<cid>:<port>'],
  ['vsock://-2:1024', 'expected vsock://<cid>:<port>'],
  ['vsock://3:4294967296', 'port 4294967296 is greater than 4294967295'],
  ['vsock://4294967296:1', 'cid 4294967296 is greater than 4294967295'],
  ['hvsock:///a', 'expected hvsock://<path>:<port>'],
  ['hvsock://a:1024', 'path "a" is not absolute'],
  ['hvsock:///a:', 'expected hvsock://<path>:<port>'],
  ['hvsock:///a:1 ', 'expected hvsock://<path>:<port>'],
  [`hvsock:///${'x'.repeat(107)}:1`, "last part of a path of 108 bytes has 107, a socket's has at most 82 there"],
  ['vsock://+3:1', 'expected vsock://<cid>:<port>'],
  ['vsock://3:1:2', 'expected vsock://<cid>:<port>'],
  ['serial://', 'port name "" is not 1 to 128'],
  ['serial:///dev/ttyS1', 'port name "/dev/ttyS1" is not 1 to 128'],
  ['serial://..', 'port name ".." is not 1 to 128'],
  ['serial://a/b', 'port name "a/b" is not 1 to 128'],
  [`serial://${'p'.repeat(129)}`, 'is not 1 to 128'],
  ['serial+unix://a', 'path "a" is not absolute'],
  ['remote://host/run/a.sock', 'path "host/run/a.sock" is not absolute'],
  ['remote://', 'path "" is not absolute'],
  ['serial+vsock://3:1', 'expected unix://<path>'],
];

describe('parseAddress', () => {
  it.each(VALID)('reads %j, and formatAddress gives it back', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(formatAddress(address)).toBe(text);
  });

  it.each(INVALID)('refuses %j', (text, message) => {
    expect(() => parseAddress(text)).toThrow(TypeError);
    expect(() => parseAddress(text)).toThrow(message);
  });

  it('reads cid -1 as any', () => {
    expect(parseAddress('vsock://-1:1024')).toEqual({ kind: 'vsock', cid: 0xffff_ffff, port: 1024 });
  });
});
