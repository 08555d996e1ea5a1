import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ShimConnection } from './connection.ts';

describe('ShimConnection', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connection-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('is not connected at any time when no process listens', async () => {
    const buffer = Buffer.alloc(64);
    const connections = Array.from({ length: 10 }, (_, i) => new ShimConnection(join(folder, `none${i}`), buffer));
    const countConnected = (): number => connections.filter(({ isConnected }) => isConnected).length;
    const seen: number[] = [countConnected()];
    await Promise.all(
      connections.map(
        (connection) =>
          new Promise<void>((resolve) => {
            connection.send('x', {
              onBytes: () => undefined,
              onEnd: (error) => {
                // The others have failed as well, and not all of them know it.
                seen.push(countConnected());
                expect(error?.code).toBe('ENOENT');
                resolve();
              },
            });
          }),
      ),
    );
    expect(seen).toEqual(new Array<number>(11).fill(0));
  });

  it('is connected from the first byte until it is destroyed', async () => {
    const socketPath = join(folder, 'listens.sock');
    const server = createServer((socket) => socket.resume().write('y'));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const connection = new ShimConnection(socketPath, Buffer.alloc(64));
    expect(connection.isConnected).toBe(false);
    await new Promise<void>((resolve) => {
      connection.send('x', { onBytes: () => resolve(), onEnd: () => undefined });
    });
    expect(connection.isConnected).toBe(true);
    connection.destroy();
    expect(connection.isConnected).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });
});
