import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type JsonClient, openJsonClient } from './json-client.ts';

const { signal } = new AbortController();
let server: Server;
let url: string;
let client: JsonClient;

beforeEach(async () => {
  server = createServer((request, response) => {
    const text = 'x'.repeat(Number(request.url!.slice(1)) - 2);
    response.end(JSON.stringify(text));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = openJsonClient({ option: 'url', url, hasPath: false, what: 'a test', hints: {} });
});

afterEach(async () => {
  client.close();
  server.close();
  await once(server, 'close');
});

const get = (bytes: number, budget?: { maxBytes: number; usedBytes: number }): Promise<unknown> =>
  client.get(`/${bytes}`, signal, {}, budget);

it('responses have a limit together, whether they come at once or one after the other', async () => {
  const budget = { maxBytes: 1000, usedBytes: 0 };
  expect(await Promise.all([get(300, budget), get(300, budget)])).toHaveLength(2);
  expect(await get(400, budget)).toHaveLength(398);
  await expect(get(3, budget)).rejects.toThrow(
    `Cannot read the sandboxes from "${url}": responses exceed the limit of 1000 bytes`,
  );
  expect(await get(1000, { maxBytes: 1000, usedBytes: 0 })).toHaveLength(998);
});
