import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createNetServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFirecrackerApi } from '../../../../test/support/firecracker-api.ts';
import { FirecrackerApi } from './api.ts';

let folder: string;
let socketPath: string;
let api: FirecrackerApi;
let ends: (() => Promise<unknown>)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  socketPath = join(folder, 'api.sock');
  api = new FirecrackerApi({ socketPath, timeoutMs: 10_000 });
  ends = [];
});

afterEach(async () => {
  for (const end of ends) {
    await end();
  }
  await rm(folder, { recursive: true });
});

async function listen(server: NetServer | Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
}

/** A server that gives every call the same bytes. */
function answerWith(bytes: string): Promise<void> {
  return listen(createNetServer((socket) => socket.once('data', () => socket.end(bytes)).on('error', () => undefined)));
}

describe('FirecrackerApi', () => {
  it('sends what the schema requires and parses the response', async () => {
    const server = await startFirecrackerApi({ socketPath });
    ends.push(() => server.close());
    expect(await api.get('/version')).toEqual({ firecracker_version: '1.17.0' });
    await api.put('/machine-config', { vcpu_count: 2, mem_size_mib: 256 });
    expect(server.calls).toEqual(['GET /version', 'PUT /machine-config {"vcpu_count":2,"mem_size_mib":256}']);
  });

  it("passes Firecracker's reason on", async () => {
    const server = await startFirecrackerApi({ socketPath });
    ends.push(() => server.close());
    await expect(api.put('/actions', { action_type: 'InstanceStart' })).rejects.toMatchObject({
      name: 'FirecrackerApiError',
      code: 'refused',
      message: `Firecracker request "PUT /actions" failed on "${socketPath}": 400, Cannot start microvm without kernel configuration.`,
    });
  });

  it('does not wait for ever', async () => {
    const server = await startFirecrackerApi({ socketPath });
    ends.push(() => server.close());
    server.hang();
    const hasty = new FirecrackerApi({ socketPath, timeoutMs: 20 });
    await expect(hasty.get('/')).rejects.toMatchObject({ code: 'timeout', message: /no response within 20 ms$/ });
  });

  it('nor for a body that does not end', async () => {
    await listen(createServer((_, response) => response.write('{"a":')));
    const hasty = new FirecrackerApi({ socketPath, timeoutMs: 20 });
    await expect(hasty.get('/')).rejects.toMatchObject({ code: 'timeout' });
  });

  it('reports that nothing listens', async () => {
    await expect(api.get('/')).rejects.toMatchObject({ code: 'unreachable' });
  });

  it.each([
    ['no HTTP', 'hello\n', 'invalid'],
    ['nothing', '', 'unreachable'],
    ['no JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{]', 'invalid'],
    ['too much', `HTTP/1.1 200 OK\r\n\r\n"${'x'.repeat(70_000)}"`, 'invalid'],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{}', 'unreachable'],
    ['a refusal without a reason', 'HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n', 'refused'],
    ['a refusal in plain text', 'HTTP/1.1 404 No\r\ncontent-length: 4\r\n\r\nnone', 'refused'],
  ])('takes %s for what it is', async (_, bytes, code) => {
    await answerWith(bytes);
    await expect(api.get('/')).rejects.toMatchObject({ name: 'FirecrackerApiError', code });
  });
});
