/**
 * One request of the monitor to its own address, before it reports that it is ready: a server that listens may still fail
 * every request. Called by `start-monitor.ts`.
 */
import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** A page that needs no sandbox; where it is not served, 404 shows as well that the server responds. */
const path = '/healthz';
const timeoutMs = 5000;

/**
 * Resolves when there is a response that is no failure of the server. Without credentials: 401 is a response too, and so is
 * a TLS alert that asks for a client certificate.
 * `url`: as the monitor listens, `http://host:port`, `https://host:port` or `unix://path`.
 * @throws {Error} that says what came instead.
 */
export async function requestSelf(url: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = open(url, (response) => {
    response.resume();
    const { statusCode = 0 } = response;
    if (statusCode < 500) {
      resolve();
    } else {
      reject(new Error(`status ${statusCode}`));
    }
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    if (url.startsWith('https:') && isAlert(error)) {
      resolve();
    } else {
      reject(error);
    }
  });
  request.setTimeout(timeoutMs, () => request.destroy(new Error(`no response within ${timeoutMs} ms`)));
  request.end();
  try {
    await promise;
  } finally {
    request.destroy();
  }
}

function open(url: string, onResponse: (response: IncomingMessage) => void): ClientRequest {
  const common: RequestOptions = { path, agent: false };
  if (url.startsWith('unix://')) {
    // With `@`, as proc_pid_net(5) has it, for a name in the abstract namespace.
    return requestHttp({ ...common, socketPath: url.slice('unix://'.length).replace(/^@/, '\0') }, onResponse);
  }
  const { protocol, hostname, port } = new URL(url);
  const address = { ...common, host: toReachable(hostname), port };
  return protocol === 'https:'
    ? // Its certificate is for the names by which others reach it.
      requestHttps({ ...address, rejectUnauthorized: false }, onResponse)
    : requestHttp(address, onResponse);
}

/** A server on every address is reached by the one of this machine; without the brackets of a URL. */
function toReachable(hostname: string): string {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '::' ? '::1' : host === '0.0.0.0' ? '127.0.0.1' : host;
}

/** The handshake came as far as the server's refusal of a client without a certificate. */
function isAlert({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_.*ALERT/.test(code) || code === 'EPROTO' || code === 'ECONNRESET';
}
