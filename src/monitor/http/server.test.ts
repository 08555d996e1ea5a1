import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeShim, startFakeShim } from '../../../test/support/fake-shim.ts';
import { waitUntil } from '../../../test/support/processes.ts';
import { portOf, requestServer, type TestResponse } from '../../../test/support/request-server.ts';
import { Discovery } from '../../sandboxes/index.ts';
import { ShimClient } from '../../shim-client/index.ts';
import { createLog } from '../answer/log.ts';
import type { MetricsRequest, MetricsResponse } from '../answer/metrics-responder.ts';
import { OwnMetrics } from '../answer/own-metrics.ts';
import { CountGate } from './count-gate.ts';
import type { PageParts } from './pages/page.ts';
import { pages, pagesExcept } from './routes.ts';
import { ScrapeGate } from './scrape-gate.ts';
import { closeServer, createServer } from './server.ts';

let folder: string;
let discovery: Discovery;
let shimClient: ShimClient;
let ownMetrics: OwnMetrics;
let server: Server;
let shim: FakeShim;
let questions: MetricsRequest[];
let answerMetrics: (question: MetricsRequest) => Promise<MetricsResponse>;

const plain = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'monitor-'));
  await mkdir(join(folder, 'sbs', 'one'), { recursive: true });
  await mkdir(join(folder, 'sbs', 'two'));
  shim = await startFakeShim(join(folder, 'sbs', 'one', 'shim-monitor.sock'));
  discovery = new Discovery({ roots: [join(folder, 'sbs')] });
  shimClient = new ShimClient();
  ownMetrics = new OwnMetrics(() => discovery.list().length);
  questions = [];
  answerMetrics = async () => ({ status: 200, headers: plain, body: Buffer.from('a 1\n') });
  const responder = {
    respond: (question: MetricsRequest) => {
      questions.push(question);
      return answerMetrics(question);
    },
    respondContainers: async () => ({ status: 200, headers: plain, body: Buffer.from('c 1\n') }),
  };
  const scrapeGate = new ScrapeGate({ scrapeTimeoutMs: 10_000, timeoutOffsetMs: 500, webMaxRequests: 40 });
  const limits = { shimTimeoutMs: 3000 };
  const refuse = (): never => {
    throw new Error('Not of this test');
  };
  const api = {
    version: '1.2.3',
    reader: { read: refuse },
    stream: { events: refuse },
    place: 'on this node',
    findSandboxId: refuse,
    gate: scrapeGate,
    streamGate: new CountGate(1, '/api/v1/stream'),
  };
  server = createServer(
    pages,
    {
      discovery,
      shimClient,
      responder,
      exporters: undefined,
      ownMetrics,
      scrapeGate,
      profileGate: new CountGate(2, 'profiles'),
      api,
      events: { open: refuse, gate: new CountGate(1, '/events') },
      limits,
    },
    createLog({ level: 'panic', format: 'text' }),
  );
});

afterEach(async () => {
  await closeServer(server);
  shimClient.close();
  discovery.close();
  await shim.close();
  await rm(folder, { recursive: true });
});

const get = (url: string, headers: Record<string, string> = {}): Promise<TestResponse> =>
  requestServer(server, { url, headers });
const asBrowser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('/events', () => {
  it.each([
    ['kind=ended,other', 'Parameter "kind" must be one of appeared, named,'],
    ['kinds=ended', 'Parameter must be one of kind, namespace, pod, sandbox, format, follow, got "kinds"'],
    ['format=xml', 'Parameter "format" must be json or cloudevents, got "xml"'],
    ['format=json&format=json', 'Parameter "format" must be json or cloudevents, got "json"'],
    ['follow=', 'Parameter "follow" must be true or false, got ""'],
    [`pod=${'x'.repeat(254)}`, 'Parameter "pod" may have at most 253 characters, got 254'],
    [`sandbox=${'a,'.repeat(101)}`, 'Parameter "sandbox" may have at most 100 values, got 101'],
  ])('rejects %s', async (query, detail) => {
    const { statusCode, headers, body } = await get(`/events?${query}`);
    expect([statusCode, headers['content-type']]).toEqual([400, 'application/problem+json']);
    expect(JSON.parse(body).detail).toContain(detail);
  });
});

describe('/', () => {
  it('lists the endpoints as text', async () => {
    const { statusCode, headers, body } = await get('/', { accept: '*/*' });
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body.split('\n').filter((line) => line.startsWith('/'))).toEqual([
      '/metrics',
      '/metrics/cadvisor',
      '/metrics/guest',
      '/sandboxes',
      '/healthz',
      '/readyz',
      '/api/v1/node',
      '/api/v1/sandboxes',
      '/api/v1/sandboxes/<id>',
      '/api/v1/stream',
      '/api/v1/openapi.json',
      '/events',
      '/agent-url?sandbox=<id>',
      '/debug/vars?sandbox=<id>',
      '/debug/pprof/?sandbox=<id>',
    ]);
  });

  it('lists them as HTML for a browser, where the page for people is not served', async () => {
    await closeServer(server);
    server = createServer(
      pagesExcept({ people: 'off' }),
      undefined as unknown as PageParts,
      createLog({ level: 'panic', format: 'text' }),
    );
    const { headers, body } = await get('/', asBrowser);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(body).toContain('<a href="/metrics">/metrics</a>');
    expect(body).toContain('/agent-url?sandbox=&lt;id&gt;');
  });
});

describe('/healthz and /readyz', () => {
  it('are ready when every root has been read', async () => {
    expect((await get('/healthz')).body).toBe('ok\n');
    expect(await get('/readyz')).toMatchObject({ statusCode: 503 });
    await discovery.refresh();
    expect(await get('/readyz')).toMatchObject({ statusCode: 200, body: 'ready\n' });
  });

  it('respond to HEAD', async () => {
    expect(await requestServer(server, { method: 'HEAD', url: '/healthz' })).toMatchObject({
      statusCode: 200,
      body: '',
    });
  });
});

describe('/sandboxes', () => {
  it('has the ids, one per line', async () => {
    expect((await get('/sandboxes')).body).toBe('one\ntwo\n');
    await mkdir(join(folder, 'sbs', 'three'));
    await rm(join(folder, 'sbs', 'two'), { recursive: true });
    expect((await get('/sandboxes')).body).toBe('one\nthree\n');
  });

  it('has links for a browser', async () => {
    const { body } = await get('/sandboxes', asBrowser);
    expect(body).toContain('<a href="/metrics?sandbox=one">metrics</a>');
    expect(body).toContain('<a href="/debug/pprof/?sandbox=two">profiles</a>');
  });

  it('is empty without sandboxes', async () => {
    await rm(join(folder, 'sbs', 'two'), { recursive: true });
    await shim.close();
    await rm(join(folder, 'sbs', 'one'), { recursive: true });
    expect((await get('/sandboxes')).body).toBe('');
    expect((await get('/sandboxes', asBrowser)).body).toContain('None.');
  });
});

describe('/metrics', () => {
  it('passes on the request and the response', async () => {
    const { statusCode, headers, body } = await get('/metrics', {
      accept: 'text/plain',
      'accept-encoding': 'gzip;q=0',
      'x-prometheus-scrape-timeout-seconds': '5',
    });
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: 'a 1\n' });
    expect(headers).toMatchObject({ ...plain, vary: 'Accept, Accept-Encoding', 'x-content-type-options': 'nosniff' });
    expect(questions).toEqual([
      {
        accept: 'text/plain',
        encoding: undefined,
        timeoutMs: 4500,
        signal: expect.any(AbortSignal),
        scraper: expect.anything(),
      },
    ]);
  });

  it.each([
    ['/metrics', {}],
    ['/metrics?sandbox=', {}],
    ['/metrics?filter_family=', {}],
    ['/metrics?filter_family=kata_agent,kata_guest', { filterFamilies: ['kata_agent', 'kata_guest'] }],
    ['/metrics?filter_family=kata_agent,', { filterFamilies: ['kata_agent', ''] }],
    ['/metrics?filter_family=a&filter_family=b,a', { filterFamilies: ['a', 'b'] }],
    ['/metrics?sandbox=two', { sandbox: 'two' }],
    ['/metrics?sandbox=two&filter_family=kata_%61', { sandbox: 'two', filterFamilies: ['kata_a'] }],
    ['/metrics?collect[]=kata_a&collect%5B%5D=kata_b&collect[]=kata_a', { collectFamilies: ['kata_a', 'kata_b'] }],
    ['/metrics?exclude[]=kata_a', { excludeFamilies: ['kata_a'] }],
    ['/metrics?collect[]=kata_a&filter_family=b', { collectFamilies: ['kata_a'], filterFamilies: ['b'] }],
    ['/metrics?sandbox=two&sandbox=one&sandbox=two', { sandboxes: ['two', 'one'] }],
    ['/metrics?sandbox=two&sandbox=two', { sandbox: 'two' }],
    ['/metrics?sandbox=two&sandbox=gone', { sandboxes: ['two', 'gone'] }],
    ['/metrics?collect=kata_a&format=prometheus&match[]=x', {}],
  ])('reads %s', async (url, expected) => {
    expect((await get(url, { 'accept-encoding': 'gzip' })).statusCode).toBe(200);
    const { signal: _signal, scraper: _scraper, ...question } = questions[0]!;
    expect(question).toEqual({ accept: undefined, encoding: 'gzip', timeoutMs: 10_000, ...expected });
  });

  it.each([
    ['collect[]=a&exclude[]=b', 400, 'Parameters "collect[]" and "exclude[]" are mutually exclusive, got "a" and "b"'],
    ['collect[]=', 400, 'Parameter "collect[]" must be a prefix of a family name, got ""'],
    ['collect[]=a&collect[]=b,c', 400, 'Parameter "collect[]" must be a prefix of a family name, got "b,c"'],
    ['exclude[]=a%0ab', 400, 'Parameter "exclude[]" must be a prefix of a family name, got "a\\nb"'],
    ['sandbox=one&sandbox=.', 400, 'Parameter "sandbox" is not the id of a sandbox'],
    ['sandbox=x&sandbox=y', 404, 'None of these sandboxes is on this node: "x", "y"'],
  ])('rejects ?%s', async (query, status, message) => {
    const { statusCode, body } = await get(`/metrics?${query}`);
    expect(statusCode).toBe(status);
    expect(body).toContain(message);
    expect(questions).toEqual([]);
  });

  it.each([
    ['an iterable', () => pieces()],
    ['a buffer', () => Buffer.from('a 1\nb 2\n')],
  ])('sends %s', async (_name, makeBody) => {
    answerMetrics = async () => ({ status: 200, headers: plain, body: makeBody() });
    expect((await get('/metrics')).body).toBe('a 1\nb 2\n');
    expect((await requestServer(server, { method: 'HEAD', url: '/metrics' })).body).toBe('');
  });

  it('disconnects a client that does not read, and generates no more for it', async () => {
    let hasEnded = false;
    answerMetrics = async () => {
      const endless = function* (): Generator<Buffer> {
        try {
          for (;;) {
            yield Buffer.alloc(64 * 1024, 'a 1\n');
          }
        } finally {
          hasEnded = true;
        }
      };
      return { status: 200, headers: plain, body: Readable.from(endless(), { objectMode: false, highWaterMark: 1 }) };
    };
    const client = connect(await portOf(server), '127.0.0.1');
    client.on('error', () => undefined);
    client.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.2\r\n\r\n');
    await waitUntil(() => hasEnded);
    const { promise, resolve } = Promise.withResolvers<number>();
    server.getConnections((_error, count) => resolve(count));
    expect(await promise).toBe(0);
    client.destroy();
  });

  it('signals when the client has disconnected', async () => {
    const asked = Promise.withResolvers<MetricsRequest>();
    answerMetrics = (question) => {
      asked.resolve(question);
      return new Promise((_resolve, reject) => {
        question.signal.addEventListener('abort', () => reject(question.signal.reason));
      });
    };
    const client = connect(await portOf(server), '127.0.0.1');
    client.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const { signal } = await asked.promise;
    const aborted = once(signal, 'abort');
    client.destroy();
    await aborted;
    expect(signal.reason).toEqual(new Error('Client is gone'));
  });
});

async function* pieces(): AsyncGenerator<Buffer> {
  yield Buffer.from('a 1\n');
  yield Buffer.from('b 2\n');
}

describe('?sandbox=', () => {
  const asking = ['/metrics', '/agent-url', '/debug/vars', '/debug/pprof/', '/debug/pprof/heap'];

  it.each(asking)('is validated before any file is opened: %s', async (path) => {
    for (const id of [
      '../../x',
      '..',
      '/etc',
      'a/b',
      'a%00',
      '%2e%2e',
      `${'x'.repeat(129)}`,
      '-x',
      'one%0a',
      'one&sandbox=..',
    ]) {
      expect((await get(`${path}?sandbox=${id}`)).statusCode).toBe(400);
    }
    const unknown = await get(`${path}?sandbox=three`);
    expect(unknown.statusCode).toBe(404);
    expect(unknown.body).toBe('No sandbox "three" on this node\n');
    expect(shim.connectionCount).toBe(0);
    expect(questions).toEqual([]);
  });

  it.each(asking.slice(1))('is required: %s', async (path) => {
    expect((await get(path)).statusCode).toBe(400);
    expect((await get(`${path}?sandbox=`)).body).toBe('Parameter "sandbox" is missing: give the id of a sandbox\n');
    const several = await get(`${path}?sandbox=one&sandbox=two`);
    expect(several.statusCode).toBe(400);
    expect(several.body).toBe('Parameter "sandbox" may be given once, got "one" and "two"\n');
  });

  it('finds a sandbox that has just appeared', async () => {
    await get('/sandboxes');
    await mkdir(join(folder, 'sbs', 'new'));
    expect((await get('/metrics?sandbox=new')).statusCode).toBe(200);
  });
});

describe('/agent-url', () => {
  it('passes on the response of the shim', async () => {
    shim.setAnswer(answerWithLength('vsock://3:1024', { contentType: 'text/plain' }));
    const { statusCode, headers, body } = await get('/agent-url?sandbox=one');
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: 'vsock://3:1024\n' });
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(shim.requests).toEqual(['GET /agent-url HTTP/1.1']);
  });

  it('is text with one line end, with or without a Content-Type and line end from the shim', async () => {
    for (const body of ['hvsock:///run/kata/one/root/kata.hvsock:1024', 'remote:///run/a\n']) {
      shim.setAnswer({ kind: 'bytes', bytes: `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}` });
      const response = await get('/agent-url?sandbox=one');
      expect(response.body).toBe(`${body.trim()}\n`);
      expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    }
  });

  it('reports why there is no response', async () => {
    const missing = await get('/agent-url?sandbox=two');
    expect(missing.statusCode).toBe(502);
    expect(missing.body).toBe('Cannot query the shim of sandbox "two": socket does not exist\n');
    shim.setAnswer({ kind: 'bytes', bytes: 'nonsense' });
    expect((await get('/agent-url?sandbox=one')).statusCode).toBe(502);
    shim.setAnswer(answerWithLength('x'.repeat(5000)));
    expect((await get('/agent-url?sandbox=one')).body).toContain('exceeds the limit of 4096 bytes');
  });

  it('passes on the status', async () => {
    shim.setAnswer(answerWithLength('no agent\n', { status: '500 Internal Server Error' }));
    const { statusCode, body } = await get('/agent-url?sandbox=one');
    expect({ statusCode, body }).toEqual({ statusCode: 500, body: 'no agent\n' });
  });
});

describe('/debug', () => {
  it.each([
    ['/debug/vars?sandbox=one', '/debug/vars'],
    ['/debug/pprof/heap?sandbox=one&debug=1', '/debug/pprof/heap?debug=1'],
    ['/debug/pprof/profile?seconds=5&sandbox=one', '/debug/pprof/profile?seconds=5'],
    ['/debug/pprof/?sandbox=one', '/debug/pprof/'],
  ])('%s requests %s from the shim', async (url, path) => {
    shim.setAnswer(answerWithLength('{}', { contentType: 'application/json' }));
    const { statusCode, headers, body } = await get(url);
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: '{}' });
    expect(headers['content-type']).toBe('application/json');
    expect(shim.requests).toEqual([`GET ${path} HTTP/1.1`]);
  });

  it.each([
    ['attachment; filename="profile"', 'attachment; filename="profile"'],
    ['attachment; filename="a/../b"', undefined],
    ['inline', undefined],
  ])('passes on Content-Disposition "%s" as %s', async (disposition, passed) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-disposition: ${disposition}\r\nset-cookie: a=b\r\ncontent-length: 1`;
    shim.setAnswer({ kind: 'bytes', bytes: `${head}\r\n\r\nx` });
    const { headers } = await get('/debug/pprof/profile?sandbox=one');
    expect([headers['content-disposition'], headers['set-cookie']]).toEqual([passed, undefined]);
  });

  it('serves two requests concurrently, and streams the bodies', async () => {
    shim.setAnswer({
      kind: 'bytes',
      bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc',
    });
    const port = await portOf(server);
    const url = `http://127.0.0.1:${port}/debug/pprof/heap?sandbox=one`;
    const leaving = new AbortController();
    // Its first bytes arrive while the shim still sends.
    const first = (await fetch(url)).body!.getReader();
    expect(Buffer.from((await first.read()).value!).toString()).toBe('abc');
    expect((await fetch(url, { signal: leaving.signal })).status).toBe(200);
    const third = await fetch(url);
    expect(third.status).toBe(503);
    expect(await third.text()).toContain('Too many concurrent requests for profiles, limit 2');
    leaving.abort();
    await waitUntil(() => shim.openConnections === 1);
    shim.setAnswer(answerWithLength('whole'));
    expect(await (await fetch(url)).text()).toBe('whole');
    await shim.dropConnections();
    await expect(first.read()).rejects.toThrow();
  });

  it('passes on the status of a shim without a profiler', async () => {
    shim.setAnswer(answerWithLength('404 page not found\n', { status: '404 Not Found' }));
    expect((await get('/debug/pprof/?sandbox=one')).statusCode).toBe(404);
  });

  it('adds the sandbox to the links of the index', async () => {
    const page =
      "<a href='heap?debug=1'>heap</a> <a href=\"goroutine?debug=2\">g</a> <a href='trace'>t</a> <a href='http://x/'>x</a> \xe9";
    shim.setAnswer(answerWithLength(Buffer.from(page, 'latin1'), { contentType: 'text/html; charset=utf-8' }));
    const { rawPayload, headers } = await get('/debug/pprof/?sandbox=one');
    expect(rawPayload.toString('latin1')).toBe(
      "<a href='heap?sandbox=one&amp;debug=1'>heap</a> <a href=\"goroutine?sandbox=one&amp;debug=2\">g</a> <a href='trace?sandbox=one'>t</a> <a href='http://x/'>x</a> \xe9",
    );
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it.each([
    '/debug/pprof/a/b?sandbox=one',
    '/debug/pprof/%2e%2e%2fpolicy?sandbox=one',
    '/debug/pprof/heap?sandbox=one&x=%0d%0a',
    '/debug/pprof/profile?sandbox=one&seconds=301',
    '/debug/pprof/profile?sandbox=one&seconds=x',
  ])('refuses %s', async (url) => {
    expect((await get(url)).statusCode).toBe(400);
    expect(shim.connectionCount).toBe(0);
  });

  it('serves no path outside of the profiler', async () => {
    for (const path of ['/debug/pprof/../../policy', '/debug/../policy', '/debug', '/iptables', '/policy']) {
      expect([400, 404]).toContain((await get(`${path}?sandbox=one`)).statusCode);
    }
    expect(shim.connectionCount).toBe(0);
  });
});

describe('other paths', () => {
  it.each([
    ['//metrics', '/metrics'],
    ['//metrics?sandbox=a&x=//b', '/metrics?sandbox=a&x=//b'],
    ['//example.com/..', '/'],
    ['//', '/'],
    ['/debug/pprof?sandbox=one', '/debug/pprof/?sandbox=one'],
  ])('%s redirects to %s', async (url, location) => {
    const { statusCode, headers } = await get(url);
    expect([statusCode, headers['location']]).toEqual([307, location]);
  });

  it.each(['/nothing', '/metrics/', '/metrics/x', '//nothing', '//example.com', '/sandboxes/one', '/debug/pprofx'])(
    '%s is 404',
    async (url) => {
      const { statusCode, headers } = await get(url);
      expect(statusCode).toBe(404);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const)('%s is 405', async (method) => {
    for (const url of ['/', '/metrics?sandbox=one', '/debug/pprof/symbol']) {
      const { statusCode, headers } = await requestServer(server, {
        method,
        url,
        payload: '{',
        headers: { 'content-type': 'application/json' },
      });
      expect(statusCode).toBe(405);
      expect(headers['allow']).toBe('GET, HEAD');
    }
    expect((await requestServer(server, { method, url: '/nothing' })).statusCode).toBe(404);
  });

  it('responds to HEAD as to GET, without a body', async () => {
    const { statusCode, headers, body } = await requestServer(server, { method: 'HEAD', url: '/sandboxes' });
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: '' });
    expect(headers['content-length']).toBe('8');
  });

  it('rejects a malformed path', async () => {
    const { statusCode, body } = await get('/%zz');
    expect({ statusCode, body }).toEqual({ statusCode: 400, body: 'Malformed path\n' });
  });

  it('rejects a head that is too long', async () => {
    const client = connect(await portOf(server), '127.0.0.1');
    client.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`);
    const [response] = await once(client, 'data');
    expect(String(response)).toMatch(/^HTTP\/1\.1 431 /);
    client.destroy();
  });

  it('reports an internal error to the log, not to the client', async () => {
    answerMetrics = () => Promise.reject(new Error('Secret'));
    const { statusCode, body } = await get('/metrics');
    expect({ statusCode, body }).toEqual({ statusCode: 500, body: 'Internal error, see the log of the monitor\n' });
  });
});
