import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/support/processes.ts';
import { limitConnections } from './connection-limit.ts';

const MAX = 20;
let server: Server;
let clients: Socket[];
let held: ServerResponse[];

beforeEach(async () => {
  clients = [];
  held = [];
  server = createServer((request, response) => {
    if (request.url === '/hold') {
      held.push(response);
    } else {
      response.end('ok');
    }
  });
  limitConnections(server, MAX);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  clients.forEach((client) => void client.destroy());
  await new Promise((resolve) => server.close(resolve));
});

async function open(): Promise<Socket> {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  return client;
}

/** Keeps the connection. */
async function ask(client: Socket, path = '/'): Promise<string> {
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [data] = (await once(client, 'data')) as [Buffer];
  return data.toString().split('\r\n', 1)[0]!;
}

describe('limitConnections', () => {
  it('closes the longest idle connection for a new one', async () => {
    for (let i = 0; i < MAX; i++) {
      await ask(await open());
    }
    // The first is used again, so that the second has been idle for longest.
    await ask(clients[0]!);
    expect(await ask(await open())).toBe('HTTP/1.1 200 OK');
    await waitUntil(() => clients[1]!.destroyed);
    expect(clients.filter(({ destroyed }) => destroyed)).toHaveLength(1);
  });

  it('treats a connection without a request as idle', async () => {
    for (let i = 0; i < MAX; i++) {
      await open();
    }
    for (let i = 0; i < 5 * MAX; i++) {
      expect(await ask(await open())).toBe('HTTP/1.1 200 OK');
    }
    await waitUntil(() => clients.filter(({ destroyed }) => !destroyed).length === MAX);
  });

  it('does not close connections with a request in progress', async () => {
    for (let i = 0; i < MAX; i++) {
      (await open()).write('GET /hold HTTP/1.1\r\nHost: x\r\n\r\n');
    }
    await waitUntil(() => held.length === MAX);
    expect(await ask(await open())).toBe('HTTP/1.1 200 OK');
    for (const response of held) {
      response.end('late');
    }
    await waitUntil(() => clients.slice(0, MAX).every((each) => each.bytesRead > 0));
    expect(clients.slice(0, MAX).some(({ destroyed }) => destroyed)).toBe(false);
  });
});
