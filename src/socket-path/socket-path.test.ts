import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSocketPath, withSocketPath } from './index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'socket-path-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const openDescriptors = () => readdirSync('/proc/self/fd').length;

describe('paths of sockets', () => {
  it.each([1, 60, 200, 250])(
    'connects to a socket in a directory of %i characters, and listens there',
    async (length) => {
      const directory = join(folder, 'd'.repeat(length), 'e'.repeat(length));
      mkdirSync(directory, { recursive: true });
      const path = join(directory, 'shim-monitor.sock');
      const before = openDescriptors();
      const short = openSocketPath(path);
      const server = createServer((socket) => socket.end()).listen(short.path);
      await once(server, 'listening');
      expect(existsSync(path)).toBe(true);
      const socket = withSocketPath(path, (each) => connect(each));
      await once(socket, 'connect');
      await once(socket.resume(), 'close');
      server.close();
      await once(server, 'close');
      expect(existsSync(path)).toBe(false);
      short.close();
      short.close();
      expect(openDescriptors()).toBe(before);
    },
  );

  it('reports a directory that is missing, and leaves no descriptor', () => {
    const before = openDescriptors();
    expect(() => openSocketPath(join(folder, 'd'.repeat(200), 's'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
    expect(() =>
      withSocketPath(join(folder, 's'), () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(openDescriptors()).toBe(before);
  });
});
