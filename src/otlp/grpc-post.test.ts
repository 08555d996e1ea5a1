import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAuthority, makeCertificate } from '../../test/support/certificates.ts';
import type { OtlpSettings } from '../settings/otlp.ts';
import { openGrpcPoster, outcomeOfGrpc, readDelayMs } from './grpc-post.ts';
import type { Poster, PostResponse } from './post.ts';

let server: Http2Server;
let poster: Poster;

const settingsFor = (port: number, more: Partial<OtlpSettings> = {}): OtlpSettings => ({
  url: new URL(`http://127.0.0.1:${port}`),
  protocol: 'grpc',
  headers: { 'x-scope-orgid': 'a,b' },
  intervalMs: 60_000,
  timeoutMs: 60_000,
  compression: 'gzip',
  resourceAttributes: {},
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  ...more,
});

beforeEach(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  poster = openGrpcPoster(settingsFor((server.address() as AddressInfo).port), '1.2.3');
});

afterEach(() => {
  poster.close();
  server.close();
});

const post = (signal = new AbortController().signal): Promise<PostResponse> =>
  poster.post(Buffer.from('hello'), signal);

const start = { ':status': 200, 'content-type': 'application/grpc' };

function respond(trailers: Readonly<Record<string, string>>, body = Buffer.alloc(5)) {
  return (stream: ServerHttp2Stream): void => {
    stream.resume();
    stream.respond(start, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };
}

/** A `google.rpc.Status` with a `RetryInfo` of 7.25 s. */
const retryInfo = (() => {
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const duration = Buffer.from([0x08, 7, 0x10, 0x80, 0xe5, 0x9a, 0x77]);
  const any = [field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, field(1, duration))];
  return Buffer.concat([Buffer.from([0x08, 14]), field(2, Buffer.from('busy')), field(3, Buffer.concat(any))]);
})();

describe('a request over gRPC', () => {
  it('is one compressed message, and its response is one', async () => {
    const requests: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
    server.on('stream', async (stream, headers) => {
      requests.push({ headers, body: await buffer(stream) });
      respond({ 'grpc-status': '0' }, Buffer.from([0, 0, 0, 0, 2, 10, 0]))(stream);
    });
    expect(await post()).toEqual({
      outcome: 'accepted',
      body: Buffer.from([10, 0]),
      retryAfterMs: undefined,
      problem: '',
    });
    await post();
    expect(requests.map(({ body }) => body.toString('latin1'))).toEqual(Array(2).fill('\x01\0\0\0\x05hello'));
    expect(requests[0]!.headers).toMatchObject({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
      'content-type': 'application/grpc',
      'grpc-encoding': 'gzip',
      'grpc-timeout': '60000m',
      te: 'trailers',
      'user-agent': 'kata-monitor/1.2.3',
      'x-scope-orgid': 'a,b',
    });
  });

  it.each<[string, Readonly<Record<string, string>>, Partial<PostResponse>]>([
    [
      'a reason',
      { 'grpc-status': '3', 'grpc-message': 'no%20%C3%A9%0Aentry' },
      { outcome: 'bad_content', problem: 'it responded with status INVALID_ARGUMENT of gRPC: no  entry' },
    ],
    ['no reason', { 'grpc-status': '16' }, { problem: 'it responded with status UNAUTHENTICATED of gRPC' }],
    ['a status of tomorrow', { 'grpc-status': '99' }, { problem: 'it responded with status 99 of gRPC' }],
    ...['', '0x0', '-0', '0e9', '1180591620717411303424', '0, 0'].map(
      (status): [string, Readonly<Record<string, string>>, Partial<PostResponse>] => [
        `the status "${status}"`,
        { 'grpc-status': status },
        {
          outcome: 'refused',
          problem: `it responded with "${status.trim()}" as the status of gRPC, which is no number`,
        },
      ],
    ),
    [
      'a delay',
      { 'grpc-status': '8', 'grpc-status-details-bin': retryInfo.toString('base64') },
      { outcome: 'retry', retryAfterMs: 7250 },
    ],
  ])('has a response with %s', async (_, trailers, expected) => {
    server.on('stream', respond(trailers));
    expect(await post()).toMatchObject(expected);
  });

  it('has a status in the headers, or none', async () => {
    server.once('stream', (stream) => stream.respond({ ...start, 'grpc-status': '12' }, { endStream: true }));
    expect(await post()).toMatchObject({ outcome: 'refused', problem: expect.stringContaining('UNIMPLEMENTED') });
    server.once('stream', (stream) => stream.respond({ ':status': 404 }, { endStream: true }));
    expect(await post()).toMatchObject({
      outcome: 'refused',
      problem: 'it responded with status 404 and without a status of gRPC',
    });
  });

  it('says why there is no connection, and connects again', async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect(await post()).toMatchObject({ outcome: 'retry', problem: `connect ECONNREFUSED 127.0.0.1:${port}` });
    server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.on('stream', (stream) => stream.session?.destroy());
    expect(await post()).toMatchObject({ outcome: 'retry', problem: expect.stringMatching(/.+/) });
    server.removeAllListeners('stream').on('stream', respond({ 'grpc-status': '0' }));
    expect(await post()).toMatchObject({ outcome: 'accepted' });
  });

  it('connects again when there was no response in time', async () => {
    const { port } = server.address() as AddressInfo;
    poster.close();
    poster = openGrpcPoster(settingsFor(port, { timeoutMs: 100, compression: 'none' }), '1');
    let sessions = 0;
    server.on('session', () => {
      sessions++;
    });
    server.on('stream', (stream) => stream.on('error', () => undefined));
    expect(await post()).toMatchObject({ outcome: 'retry', problem: 'no response within 100 ms' });
    await post();
    // A busy machine may accept them after the timeouts.
    await expect.poll(() => sessions).toBe(2);
  });

  it.each(['http', 'https'])(
    'does not wait longer for an endpoint that accepts a connection by %s and says nothing',
    async (scheme) => {
      const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const settings = settingsFor(port, { url: new URL(`${scheme}://127.0.0.1:${port}`) });
      const hasty = openGrpcPoster({ ...settings, timeoutMs: 100 }, '1');
      const patient = openGrpcPoster(settings, '1');
      try {
        expect(await hasty.post(Buffer.from('x'), new AbortController().signal)).toMatchObject({
          outcome: 'retry',
          problem: 'no response within 100 ms',
        });
        const ending = new AbortController();
        silent.once('connection', () => ending.abort(new Error('over')));
        await expect(patient.post(Buffer.from('x'), ending.signal)).rejects.toThrow('over');
      } finally {
        hasty.close();
        patient.close();
        silent.close();
      }
    },
  );

  it('checks the certificate of the endpoint, and shows its own', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grpc-'));
    const authority = await makeAuthority(folder, 'authority');
    const tls = await makeCertificate(folder, 'endpoint', { authority, alternativeNames: ['IP:127.0.0.1'] });
    const own = await makeCertificate(folder, 'monitor', { authority, alternativeNames: ['DNS:monitor'] });
    const secure = createSecureServer({
      cert: tls.cert,
      key: tls.key,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    }).listen(0, '127.0.0.1');
    secure.on('stream', respond({ 'grpc-status': '0' })).on('sessionError', () => undefined);
    await once(secure, 'listening');
    const { port } = secure.address() as AddressInfo;
    const url = new URL(`https://127.0.0.1:${port}`);
    const posters = [{}, { caFile: authority.certPath, certFile: own.certPath, keyFile: own.keyPath }].map((files) =>
      openGrpcPoster(settingsFor(port, { url, ...files }), '1'),
    );
    const responses = await Promise.all(
      posters.map((each) => each.post(Buffer.from('x'), new AbortController().signal)),
    );
    expect(responses).toMatchObject([
      { outcome: 'retry', problem: expect.stringContaining('certificate') },
      { outcome: 'accepted' },
    ]);
    for (const each of posters) {
      each.close();
    }
    secure.close();
    await rm(folder, { recursive: true });
  });

  it('ends with the push', async () => {
    const ending = new AbortController();
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      ending.abort(new Error('over'));
    });
    await expect(post(ending.signal)).rejects.toThrow('over');
  });

  it('keeps no more than a limit of a response', async () => {
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      respond({ 'grpc-status': '0' }, Buffer.alloc(1024 * 1024))(stream);
    });
    expect((await post()).body.length).toBeLessThanOrEqual(64 * 1024);
  });
});

it.each([
  [0, false, 'accepted'],
  [1, false, 'retry'],
  [3, false, 'bad_content'],
  [4, false, 'retry'],
  [7, false, 'refused'],
  [8, false, 'bad_content'],
  [8, true, 'retry'],
  [12, false, 'refused'],
  [14, false, 'retry'],
  [15, false, 'retry'],
])('status %i of gRPC, with a delay: %s, is %s', (status, hasDelay, outcome) => {
  expect(outcomeOfGrpc(status, hasDelay)).toBe(outcome);
});

it.each([[Buffer.alloc(0)], [Buffer.from([0x1a, 200])], [retryInfo.subarray(0, -3)], [Buffer.from('garbage')]])(
  'finds no delay in %j',
  (details) => {
    expect(readDelayMs(details)).toBeUndefined();
  },
);
