import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrpcConnection } from './grpc-connection.ts';

let folder: string;
let server: Http2Server;
let connection: GrpcConnection;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grpc-'));
  server = createServer();
  connection = new GrpcConnection(join(folder, 'socket'));
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
});

afterEach(async () => {
  connection.close();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const plain = { ':status': 200, 'content-type': 'application/grpc' };
const message = (text: string, flag = 0, length = text.length): Buffer =>
  Buffer.concat([Buffer.from([flag, 0, 0, 0, length]), Buffer.from(text)]);
const call = (maxBytes = 1000): Promise<Buffer> =>
  connection.call({ path: '/a.B/C', message: Buffer.from('hello'), timeoutMs: 10_000, maxBytes });

function respond(
  stream: ServerHttp2Stream,
  headers: OutgoingHttpHeaders,
  body: Buffer,
  trailers?: OutgoingHttpHeaders,
) {
  stream.respond(headers, { waitForTrailers: trailers !== undefined });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers!));
  stream.end(body);
}

describe('a call', () => {
  it('sends one message to the method and gets one', async () => {
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { ':path': path, 'content-type': type, te, 'grpc-timeout': timeout } = headers;
        const got = JSON.stringify([path, type, te, timeout, Buffer.concat(chunks).toString('latin1')]);
        respond(stream, plain, message(got), { 'grpc-status': '0' });
      });
    });
    const expected = ['/a.B/C', 'application/grpc', 'trailers', '10000m', '\0\0\0\0\x05hello'];
    expect(JSON.parse(String(await call()))).toEqual(expected);
  });

  it.each<[string, OutgoingHttpHeaders, Buffer, OutgoingHttpHeaders | undefined, number, string]>([
    ['a status', { ...plain, 'grpc-status': '5', 'grpc-message': 'no %C3%A9' }, message(''), undefined, 5, 'no é'],
    ['a status after a message', plain, message('x'), { 'grpc-status': '12', 'grpc-message': 'a%zz' }, 12, 'a%zz'],
    ['a status without a message', plain, message('x'), { 'grpc-status': '7' }, 7, 'status 7'],
    ['a status that is no number', plain, message('x'), { 'grpc-status': '0x0' }, 2, 'status 0x0'],
    ['no status', plain, message('x'), undefined, 13, 'HTTP status 200'],
    ['no gRPC', { ':status': 404 }, Buffer.from('not found'), undefined, 12, 'HTTP status 404'],
    ['no gRPC at the moment', { ':status': 503 }, Buffer.from(''), undefined, 14, 'HTTP status 503'],
    ['a compressed message', plain, message('x', 1), { 'grpc-status': '0' }, 13, 'its first byte is 1, expected 0'],
    ['half a message', plain, message('x', 0, 2), { 'grpc-status': '0' }, 13, 'has 1 of the 2 bytes of its message'],
    ['two messages', plain, message('xyz', 0, 1), { 'grpc-status': '0' }, 13, 'bytes after its message of 1 bytes'],
    ['no message', plain, Buffer.alloc(0), { 'grpc-status': '0' }, 13, 'has 0 of the 5 bytes in front of one'],
    [
      'a long message',
      plain,
      message('x'.repeat(101)),
      { 'grpc-status': '0' },
      8,
      'of 101 bytes exceeds the limit of 100 bytes',
    ],
    ['no number', plain, message('x'), { 'grpc-status': `${2n ** 70n}` }, 2, 'status 1180591620717411303424'],
    ['an error page', { ':status': 502 }, Buffer.alloc(10_000), undefined, 14, 'HTTP status 502'],
  ])('fails by %s', async (_name, headers, body, trailers, status, text) => {
    server.on('stream', (stream) => respond(stream, headers, body, trailers));
    await expect(call(100)).rejects.toMatchObject({
      name: 'GrpcError',
      status,
      message: expect.stringContaining(text),
    });
  });

  it('does not wait for the rest of a message that is over the limit', async () => {
    server.on('stream', (stream) => {
      stream.on('error', () => undefined).respond(plain);
      stream.write(Buffer.from([0, 0x40, 0, 0, 0]));
    });
    const problem = 'response of 1073741824 bytes exceeds the limit of 1000 bytes';
    await expect(call()).rejects.toMatchObject({ status: 8, message: problem });
  });

  it('fails when the connection ends within the response, and the next call makes a new one', async () => {
    server.once('stream', (stream) => {
      stream.respond(plain);
      stream.write(message('x'), () => stream.session?.destroy());
    });
    await expect(call()).rejects.toMatchObject({ status: 14 });
    server.on('stream', (stream) => respond(stream, plain, message('y'), { 'grpc-status': '0' }));
    expect(String(await call())).toBe('y');
  });

  it('names why there is no connection', async () => {
    const nowhere = new GrpcConnection(join(folder, 'nowhere'));
    const options = { path: '/a.B/C', message: Buffer.alloc(0), timeoutMs: 10_000, maxBytes: 1 };
    await expect(nowhere.call(options)).rejects.toMatchObject({
      status: 14,
      message: expect.stringContaining('connect ENOENT'),
    });
  });
});
