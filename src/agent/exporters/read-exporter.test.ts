import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readExporter } from './read-exporter.ts';

let server: Server;
let sockets: Socket[];
let address: string;

beforeEach(async () => {
  sockets = [];
  server = createServer((_request, response) => response.end('a 1\n'));
  server.on('connection', (socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = String((server.address() as AddressInfo).port);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const read = async (): Promise<string> => {
  const { body } = await readExporter({ address, maxBytes: 0, timeoutMs: 0 }, new AbortController().signal);
  return body.toString();
};

it('uses a connection again', async () => {
  expect([await read(), await read(), await read()]).toEqual(Array(3).fill('a 1\n'));
  expect(sockets).toHaveLength(1);
});

it('opens another one where the exporter closes it, now or at the next request', async () => {
  await read();
  sockets[0]!.destroy();
  expect(await read()).toBe('a 1\n');
  let isFirst = true;
  server.prependListener('request', (request) => {
    if (isFirst) {
      isFirst = false;
      request.socket.destroy();
    }
  });
  expect(await read()).toBe('a 1\n');
  expect(sockets).toHaveLength(3);
});

it('does not use a connection again on which more would come', async () => {
  const { isTruncated } = await readExporter({ address, maxBytes: 2, timeoutMs: 0 }, new AbortController().signal);
  expect(isTruncated).toBe(true);
  expect(await read()).toBe('a 1\n');
  expect(sockets).toHaveLength(2);
});

it('reports an exporter that closes each connection', async () => {
  server.prependListener('request', (request) => request.socket.destroy());
  await expect(read()).rejects.toThrow('Cannot read the exporter');
});
