import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dial } from './dial.ts';
import { listen } from './listen.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'transport-'));
});
afterEach(() => rm(directory, { recursive: true }));

const unix = (name: string) => ({ kind: 'unix', path: join(directory, name) }) as const;

/** Leaves a socket file on which no process listens, as a killed program does. */
async function makeStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
}

describe('listen on a unix socket', () => {
  it('hands out streams, and close removes the socket and ends what is open', async () => {
    const address = unix('a.sock');
    const listener = await listen(address, (stream) => stream.write('hello'));
    expect((await stat(address.path)).mode & 0o777).toBe(0o600);
    const stream = await dial(address);
    const [chunk] = await once(stream, 'data');
    expect(String(chunk)).toBe('hello');
    await listener.close();
    await listener.close();
    expect(existsSync(address.path)).toBe(false);
    expect(await text(stream)).toBe('');
  });

  it('replaces a stale socket', async () => {
    const address = unix('stale.sock');
    await makeStaleSocket(address.path);
    expect(existsSync(address.path)).toBe(true);
    const listener = await listen(address, (stream) => stream.end('new'));
    expect(await text(await dial(address))).toBe('new');
    await listener.close();
  });

  it('refuses a live one and leaves it alive', async () => {
    const address = unix('live.sock');
    const live = await listen(address, (stream) => stream.end('live'));
    await expect(listen(address, () => undefined)).rejects.toMatchObject({
      code: 'in_use',
      message: `Cannot listen on "unix://${address.path}": a live server has it`,
    });
    expect(await text(await dial(address))).toBe('live');
    await live.close();
  });

  it('leaves a file that is not a socket alone', async () => {
    const address = unix('file');
    await writeFile(address.path, 'precious');
    await expect(listen(address, () => undefined)).rejects.toMatchObject({ code: 'not_a_socket' });
    expect(existsSync(address.path)).toBe(true);
  });

  it('says that the directory is missing', async () => {
    await expect(listen(unix('no/such/a.sock'), () => undefined)).rejects.toMatchObject({ code: 'missing' });
  });

  it('leaves the mask for new files as it was', async () => {
    const before = process.umask();
    const listener = await listen(unix('mask.sock'), () => undefined);
    expect(process.umask()).toBe(before);
    await listener.close();
  });
});

describe('dial', () => {
  it('says that there is no socket', async () => {
    await expect(dial(unix('none'))).rejects.toMatchObject({ name: 'TransportError', code: 'not_there' });
  });

  it('reports that no process listens', async () => {
    const address = unix('stale.sock');
    await makeStaleSocket(address.path);
    await expect(dial(address)).rejects.toMatchObject({ code: 'not_there' });
  });

  it('gives up when its signal is aborted before', async () => {
    await expect(dial(unix('none'), { signal: AbortSignal.abort('enough') })).rejects.toMatchObject({
      code: 'aborted',
      cause: 'enough',
    });
  });

  it('gives up when its signal is aborted, or its time is over, while the server takes no connection', async () => {
    const address = unix('full.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ path: address.path, backlog: 0 }, resolve));
    const controller = new AbortController();
    const waiting = dial(address, { signal: controller.signal });
    controller.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    server.close();
  });
});
