import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebConfig } from './web-config.ts';

const hash = `$2y$10$${'a'.repeat(53)}`;

let folder: string;
let path: string;
let log: string[];

const events = {
  onReload: () => void log.push('reloaded'),
  onFault: (error: Error) => void log.push(error.message),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'web-config-'));
  path = join(folder, 'web.yml');
  log = [];
  await writeFile(path, 'rate_limit: {interval: 1s, burst: 1}');
});

afterEach(() => rm(folder, { recursive: true }));

describe('WebConfig', () => {
  it('reads the file again only when it has changed', async () => {
    const config = new WebConfig({ kind: 'file', path });
    config.refresh(events);
    expect(log).toEqual([]);
    await writeFile(join(folder, 'new'), 'rate_limit: {interval: 1s, burst: 2}');
    await rename(join(folder, 'new'), path);
    config.refresh(events);
    config.refresh(events);
    expect(log).toEqual(['reloaded']);
    expect(config.settings.rateLimit).toEqual({ intervalMs: 1000, burst: 2 });
  });

  it('keeps its settings when the file is bad or gone, says so once, and takes the next good one', async () => {
    const config = new WebConfig({ kind: 'file', path });
    await writeFile(path, 'rate: 1');
    config.refresh(events);
    config.refresh(events);
    await rm(path);
    config.refresh(events);
    config.refresh(events);
    expect(config.settings.rateLimit).toEqual({ intervalMs: 1000, burst: 1 });
    await writeFile(path, '');
    config.refresh(events);
    expect(log).toEqual(['Key "rate" is not a known key', `File "${path}" does not exist`, 'reloaded']);
    expect(config.settings.rateLimit).toBeUndefined();
  });

  it('keeps its settings when the path leads nowhere, says so once, and takes the next good one', async () => {
    const config = new WebConfig({ kind: 'file', path });
    await rm(path);
    await symlink(path, path);
    expect(() => new WebConfig({ kind: 'file', path })).toThrow(`File "${path}" cannot be read: ELOOP`);
    config.refresh(events);
    config.refresh(events);
    expect(config.settings.rateLimit).toEqual({ intervalMs: 1000, burst: 1 });
    await rm(path);
    await writeFile(path, '');
    config.refresh(events);
    expect(log).toEqual([`File "${path}" cannot be read: ELOOP`, 'reloaded']);
  });

  it('never opens what was closed at the start', async () => {
    await writeFile(path, `basic_auth_users: {alice: ${hash}, bob: ${hash}}`);
    const config = new WebConfig({ kind: 'file', path });
    await writeFile(path, '');
    config.refresh(events);
    expect(log).toEqual(['Key "basic_auth_users" cannot be removed without a restart']);
    expect([...config.settings.users.keys()]).toEqual(['alice', 'bob']);
    await writeFile(path, `basic_auth_users: {bob: ${hash}}`);
    config.refresh(events);
    expect([...config.settings.users.keys()]).toEqual(['bob']);
  });

  it('takes no pipe or device for a file', async () => {
    expect(() => new WebConfig({ kind: 'file', path: '/dev/zero' })).toThrow('File "/dev/zero" must be a plain file');
  });

  it.each([
    [
      'tls_server_config: {cert_file: none.crt, key_file: none.key}',
      'of key "tls_server_config.cert_file" does not exist',
    ],
    ['tls_server_config: {cert: a, key: b}', 'Certificate and key cannot be used: '],
  ])('does not begin with %j', async (yaml, message) => {
    await writeFile(path, yaml);
    expect(() => new WebConfig({ kind: 'file', path })).toThrow(message);
  });
});
