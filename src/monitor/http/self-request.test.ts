import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { requestSelf } from './self-request.ts';

let server: Server | undefined;

afterEach(() => void server?.close());

async function serve(
  response: RequestListener,
  where: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<string> {
  server = createServer(response);
  await once(server.listen(where), 'listening');
  return where.path === undefined
    ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    : `unix://${where.path}`;
}

const respond =
  (status: number): RequestListener =>
  (_request, response) =>
    void response.writeHead(status).end('x');

describe('requestSelf', () => {
  it.each([200, 401, 403, 404, 429])('accepts status %i', async (status) => {
    await requestSelf(await serve(respond(status)));
  });

  it.each([500, 503])('rejects with status %i', async (status) => {
    await expect(requestSelf(await serve(respond(status)))).rejects.toThrow(`status ${status}`);
  });

  it('rejects when the connection ends without a response', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(requestSelf(url)).rejects.toThrow('socket hang up');
  });

  it('reaches a socket in the file system, and a server on every address', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'km-'));
    await requestSelf(await serve(respond(200), { path: join(folder, 's') }));
    server?.close();
    rmSync(folder, { recursive: true });
    const url = await serve(respond(200), { host: '0.0.0.0', port: 0 });
    await requestSelf(url.replace('127.0.0.1', '0.0.0.0'));
  });
});
