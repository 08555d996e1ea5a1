import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Code } from '../../ttrpc/index.ts';
import { applySysctls } from './sysctls.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sysctls-'));
  mkdirSync(join(root, 'net/core'), { recursive: true });
  writeFileSync(join(root, 'net/core/somaxconn'), '');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('applySysctls', () => {
  it.each(['net.core.somaxconn', 'net/core/somaxconn'])('sets %s', (name) => {
    const sysctls = { [name]: '1024', 'kernel.domainname': 'x' };
    applySysctls(sysctls, root);
    expect(readFileSync(join(root, 'net/core/somaxconn'), 'utf8')).toBe('1024');
    expect(sysctls).toEqual({ 'kernel.domainname': 'x' });
  });

  it.each([
    ['net.core.none', 'Cannot set kernel parameter "net.core.none" to "1": ENOENT'],
    ['net.core', 'Cannot set kernel parameter "net.core" to "1": EISDIR'],
    ['../net/core/somaxconn', 'Cannot set kernel parameter "../net/core/somaxconn": no such name'],
    ['net..core', 'Cannot set kernel parameter "net..core": no such name'],
    ['', 'Cannot set kernel parameter "": no such name'],
  ])('refuses %j', (name, rawMessage) => {
    expect(() => applySysctls({ [name]: '1' }, root)).toThrow(
      expect.objectContaining({ code: Code.invalidArgument, rawMessage }),
    );
  });
});
