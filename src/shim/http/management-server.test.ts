import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManagementServer, startManagementServer } from './management-server.ts';

let folder: string;
let server: ManagementServer;
let failures: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'management-'));
  failures = [];
  const routes = {
    '/metrics': () => ({ contentType: 'text/plain', body: Buffer.from('ü') }),
    '/broken': () => Promise.reject(new Error('a bug')),
  };
  server = await startManagementServer(join(folder, 's'), routes, (path, error) =>
    failures.push([path, String(error)]),
  );
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function call(
  method: string,
  path: string,
): Promise<{ status: number | undefined; headers: unknown; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
  request({ socketPath: join(folder, 's'), method, path }, resolve)
    .on('error', reject)
    .end();
  const response = await promise;
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the management server', () => {
  it.each([
    ['GET', '/metrics', 200, 'ü'],
    ['GET', '/metrics?x=1', 200, 'ü'],
    ['HEAD', '/metrics', 200, ''],
    ['POST', '/metrics', 405, 'Method POST is not allowed here\n'],
    ['PUT', '/metrics', 405, 'Method PUT is not allowed here\n'],
    ['PUT', '/iptables', 404, 'No such path "/iptables"\n'],
    ['GET', '/', 404, 'No such path "/"\n'],
    ['GET', '/metrics/', 404, 'No such path "/metrics/"\n'],
    ['GET', '/toString', 404, 'No such path "/toString"\n'],
    ['GET', '/debug/pprof/', 404, 'No such path "/debug/pprof/"\n'],
  ])('%s %s responses %i', async (method, path, status, body) => {
    expect(await call(method, path)).toMatchObject({ status, body });
  });

  it('sends length and type, and the allowed methods', async () => {
    expect(await call('GET', '/metrics')).toMatchObject({
      headers: { 'content-length': '2', 'content-type': 'text/plain' },
    });
    expect(await call('DELETE', '/metrics')).toMatchObject({ headers: { allow: 'GET, HEAD' } });
  });

  it('responds with 500 to an internal failure, and reports it to its owner', async () => {
    expect(await call('GET', '/broken')).toMatchObject({
      status: 500,
      body: 'Internal error, see the log of the shim\n',
    });
    expect(failures).toEqual([['/broken', 'Error: a bug']]);
  });

  it('removes its socket at the end', async () => {
    await call('GET', '/metrics');
    await server.close();
    expect(existsSync(join(folder, 's'))).toBe(false);
  });
});
