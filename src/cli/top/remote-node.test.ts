import { expect, it } from 'vitest';
import { OptionError } from '../../options/index.ts';
import { openRemoteNode, type RemoteNodeOptions } from './remote-node.ts';

it.each<[RemoteNodeOptions, string]>([
  [{ url: 'http://x', keyFile: 'k' }, 'Option "--key-file" requires a "--url" that begins with https, got "http://x"'],
  [{ url: 'ftp://x' }, 'Option "--url" must be http://host:port, https://host:port or unix:///path, got "ftp://x"'],
  [{ url: 'x' }, 'Option "--url" must be http://host:port, https://host:port or unix:///path, got "x"'],
  [{ url: 'http://x/metrics' }, 'Option "--url" must be http://host:port'],
  [{ url: 'unix://x' }, 'Option "--url" must be http://host:port'],
  [{ url: 'http://u:p@x' }, 'Option "--url" must not contain a password: use --username and --password-file'],
  [{ url: 'http://x', username: 'u' }, 'Options "--username" and "--password-file" require each other'],
  [{ url: 'http://x', passwordFile: 'f' }, 'Options "--username" and "--password-file" require each other'],
  [{ url: 'https://x', certFile: '/none' }, 'Options "--cert-file" and "--key-file" require each other'],
  [{ url: 'https://x', caFile: '/none' }, 'Option "--ca-file" must be a file that can be read: ENOENT'],
])('openRemoteNode(%j) is rejected', (options, message) => {
  expect(() => openRemoteNode(options)).toThrow(OptionError);
  expect(() => openRemoteNode(options)).toThrow(message);
});
