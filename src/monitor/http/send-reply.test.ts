import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { sendReply } from './send-reply.ts';

const STALL_MS = 100;

let server: Server;
let client: Socket;

afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

/** Resolves with the response to a client that has connected. */
async function open(body: AsyncIterable<Buffer>): Promise<ServerResponse> {
  const responding = Promise.withResolvers<ServerResponse>();
  server = createServer((_request, response) => {
    const headers = { 'content-type': 'text/event-stream' };
    sendReply(response, { status: 200, headers, body }, {}, () => ({ status: 500, headers: {}, body: '' }), STALL_MS);
    responding.resolve(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return responding.promise;
}

describe('a stream of events', () => {
  it('ends when its client takes nothing', async () => {
    const response = await open(
      (async function* () {
        for (;;) {
          yield Buffer.alloc(64 * 1024, 'x');
        }
      })(),
    );
    client.pause();
    await once(response, 'close');
    expect(response.writableFinished).toBe(false);
  });

  it('may be silent for longer', async () => {
    const response = await open(
      (async function* () {
        yield Buffer.from('first');
        await wait(5 * STALL_MS);
        yield Buffer.from('last');
      })(),
    );
    let text = '';
    client.on('data', (piece) => {
      text += piece.toString();
    });
    await once(response, 'close');
    expect(response.writableFinished).toBe(true);
    expect(text).toContain('first');
  });
});
