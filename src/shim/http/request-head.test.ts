import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestHead, RequestError } from './request-head.ts';

const HOST = 'Host: shim\r\n';

describe('parseRequestHead', () => {
  it.each([
    ['GET /metrics HTTP/1.1\r\nHost: shim', { method: 'GET', target: '/metrics', isKeptAlive: true, hasBody: false }],
    ['HEAD /a?b=c HTTP/1.1\r\nhost:shim', { method: 'HEAD', target: '/a?b=c' }],
    ['GET /%20 HTTP/1.1\r\nHOST: \t shim \t', { target: '/%20' }],
    ['GET / HTTP/1.1\r\nHost:', { target: '/' }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nX: \xff\t"', { target: '/' }],
    ['GET / HTTP/1.0', { isKeptAlive: false }],
    ['GET / HTTP/1.0\r\nConnection: Keep-Alive', { isKeptAlive: true }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nConnection: close', { isKeptAlive: false }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nConnection: TE, Close', { isKeptAlive: false }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nConnection: TE\r\nConnection: close', { isKeptAlive: false }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nConnection: closed', { isKeptAlive: true }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nContent-Length: 0', { hasBody: false }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nContent-Length: 7', { hasBody: true }],
    ['POST / HTTP/1.1\r\nHost: shim\r\nTransfer-Encoding: chunked', { method: 'POST', hasBody: true }],
    ['GET / HTTP/1.1\r\nHost: shim\r\nExpect: 100-Continue', { hasBody: false }],
    ['GET http://shim/metrics HTTP/1.1\r\nHost: shim', { target: '/metrics' }],
    ['GET http://shim:80/a?b=http://c/d HTTP/1.1\r\nHost: shim', { target: '/a?b=http://c/d' }],
    ['OPTIONS * HTTP/1.1\r\nHost: shim', { method: 'OPTIONS', target: '*' }],
  ])('reads %j', (text, head) => {
    expect(parseRequestHead(text)).toMatchObject(head);
  });

  it.each([
    ['', 400, 'Not a request line of HTTP/1.1: ""'],
    ['GET /', 400, 'Not a request line'],
    ['GET  / HTTP/1.1', 400, 'Not a request line'],
    ['GET / HTTP/1.1 ', 400, 'Not a request line'],
    [' GET / HTTP/1.1', 400, 'Not a request line'],
    ['GET metrics HTTP/1.1', 400, 'Not a request line'],
    ['CONNECT shim:80 HTTP/1.1', 400, 'Not a request line'],
    ['GET / http/1.1', 400, 'Not a request line'],
    ['G(T / HTTP/1.1', 400, 'Not a request line'],
    ['GET /\xff HTTP/1.1', 400, 'Not a request line'],
    ['GET /\nHost: a HTTP/1.1', 400, 'Not a request line'],
    [`GET /${'a'.repeat(1000)}`, 400, `Not a request line of HTTP/1.1: "GET /${'a'.repeat(59)}"`],
    ['GET / HTTP/2.0\r\nHost: shim', 505, 'HTTP 2.0 is not supported, use HTTP/1.1'],
    ['GET / HTTP/1.2\r\nHost: shim', 505, 'HTTP 1.2 is not supported, use HTTP/1.1'],
    ['GET / HTTP/0.9', 505, 'HTTP 0.9 is not supported'],
    ['GET / HTTP/1.1', 400, 'Expected one header "Host", got 0'],
    ['GET / HTTP/1.1\r\nHost: a\r\nHost: a', 400, 'Expected one header "Host", got 2'],
    ['GET / HTTP/1.1\r\nHost : a', 400, 'Not a header line: "Host : a"'],
    ['GET / HTTP/1.1\r\nHost: a\r\n b', 400, 'Not a header line: " b"'],
    ['GET / HTTP/1.1\r\nHost: a\r\n:b', 400, 'Not a header line: ":b"'],
    ['GET / HTTP/1.1\r\nHost: a\r\nno colon', 400, 'Not a header line: "no colon"'],
    ['GET / HTTP/1.1\r\nHost: a\nX: b', 400, 'Not a header line: "Host: a\\nX: b"'],
    ['GET / HTTP/1.1\r\nHost: a\rX: b', 400, 'Not a header line: "Host: a\\rX: b"'],
    ['GET / HTTP/1.1\r\nHost: a\r\nX: \0', 400, 'Not a header line'],
    ['GET / HTTP/1.1\r\nHost: a\r\nX: \x7f', 400, 'Not a header line'],
    ['GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok', 417, 'Expectation "200-ok" cannot be met'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nContent-Length: 7', 400, 'The length of the body is ambiguous'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7, 7', 400, 'The length of the body is ambiguous'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +7', 400, 'The length of the body is ambiguous'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999', 400, 'The length of the body is ambiguous'],
    ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nTransfer-Encoding: chunked', 400, 'The length of the body'],
  ])('refuses %j', (text, status, message) => {
    expect(() => parseRequestHead(text)).toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(message) }),
    );
  });
});

/** What node:http makes of the bytes: the first request, or undefined when it refuses. */
function readByNode(bytes: Buffer): Promise<{ method: string | undefined; target: string | undefined } | undefined> {
  const { promise, resolve } = Promise.withResolvers<
    { method: string | undefined; target: string | undefined } | undefined
  >();
  const server = createServer(({ method, url }, response) => {
    resolve({ method, target: url });
    response.end();
  });
  server.on('clientError', () => resolve(undefined));
  const [client, served] = duplexPair();
  server.emit('connection', served);
  client.on('error', () => undefined);
  client.on('close', () => resolve(undefined));
  client.resume();
  client.end(bytes);
  return promise.finally(() => {
    client.destroy();
    served.destroy();
  });
}

describe('beside node:http', () => {
  const word = fc.constantFrom(
    ...[
      'GET',
      'HEAD',
      ' ',
      '/metrics',
      '?a=b',
      'HTTP/1.1',
      'HTTP/1.0',
      '\r\n',
      '\n',
      '\r',
      '\t',
      '\0',
      '\xff',
      ':',
      ',',
    ],
    ...['Host: shim', 'Host', 'Content-Length: 0', 'Content-Length', 'Transfer-Encoding: chunked', '0', '5', '-1', '"'],
    ...[
      'Connection: close',
      'Connection: keep-alive',
      'X-Long: aaaa',
      'Upgrade: h2c',
      'Expect: 100-continue',
      'Expect: x',
      ' folded',
    ],
  );
  /** A request with a few words put in, or characters taken out. */
  const request = fc
    .tuple(
      fc.constantFrom('GET', 'HEAD'),
      fc.constantFrom('/', '/metrics', '/a?b=%20'),
      fc.array(fc.constantFrom('Accept: */*\r\n', 'User-Agent: curl/8\r\n', HOST, 'Content-Length: 0\r\n'), {
        maxLength: 3,
      }),
      fc.array(fc.tuple(fc.nat(), fc.nat(2), word), { maxLength: 3 }),
    )
    .map(([method, target, headers, changes]) => {
      let text = `${method} ${target} HTTP/1.1\r\n${HOST}${headers.join('')}`.slice(0, -2);
      for (const [at, removed, added] of changes) {
        const from = at % (text.length + 1);
        text = text.slice(0, from) + added + text.slice(from + removed);
      }
      return text;
    });

  it('accepts no request that node:http refuses or reads in another way', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        // The connection reads a head up to the first empty line, and no empty lines before it.
        const [head = ''] = text.replace(/^(?:\r\n)+/, '').split('\r\n\r\n');
        let parsed: ReturnType<typeof parseRequestHead>;
        try {
          parsed = parseRequestHead(head);
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          return;
        }
        const { method, target, hasBody } = parsed;
        if ((method === 'GET' || method === 'HEAD') && !hasBody) {
          accepted++;
          expect(await readByNode(Buffer.from(`${head}\r\n\r\n`, 'latin1'))).toEqual({ method, target });
        }
      }),
      { numRuns: 1000 },
    );
    expect(accepted).toBeGreaterThan(200);
  });

  it('refuses anything else by one error', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        try {
          parseRequestHead(words.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
    );
  });
});
