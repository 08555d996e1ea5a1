/**
 * One request of the monitor to its own address before it reports that it is ready: a server that listens may still fail
 * every request. Called by `start-monitor.ts`.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** A page that needs no sandbox; if it is not served, the 404 also shows that the server responds. */
const PATH = '/healthz';
const TIMEOUT_MS = 5000;
/** A shortage of descriptors or memory may pass within this number of attempts. */
const MAX_ATTEMPTS = 5;
const RETRY_PAUSE_MS = 100;

/**
 * Resolves on a response with a status below 500. Sends no credentials: 401 is a response too, and so is a TLS alert that
 * requires a client certificate.
 * `url`: an address of the monitor, `http://host:port`, `https://host:port` or `unix://path`.
 * @throws {Error} that describes the failure.
 */
export async function requestSelf(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await requestOnce(url);
    } catch (error) {
      // Without a code, the server has responded, or not within its time.
      if ((error as NodeJS.ErrnoException).code === undefined || attempt === MAX_ATTEMPTS) {
        throw error;
      }
      await setTimeout(RETRY_PAUSE_MS);
    }
  }
}

async function requestOnce(url: string): Promise<void> {
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
  request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no response within ${TIMEOUT_MS} ms`)));
  request.end();
  try {
    await promise;
  } finally {
    request.destroy();
  }
}

function open(url: string, onResponse: (response: IncomingMessage) => void): ClientRequest {
  const common: RequestOptions = { path: PATH, agent: false };
  if (url.startsWith('unix://')) {
    // A leading `@` means the abstract namespace, as in proc_pid_net(5).
    return process
      .getBuiltinModule('node:http')
      .request({ ...common, socketPath: url.slice('unix://'.length).replace(/^@/, '\0') }, onResponse);
  }
  const { protocol, hostname, port } = new URL(url);
  const address = { ...common, host: toReachable(hostname), port };
  return protocol === 'https:'
    ? // The certificate is for the names that clients use, not for this address.
      process.getBuiltinModule('node:https').request({ ...address, rejectUnauthorized: false }, onResponse)
    : process.getBuiltinModule('node:http').request(address, onResponse);
}

/** The loopback address for a server that listens on every address; without the brackets of a URL. */
function toReachable(hostname: string): string {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '::' ? '::1' : host === '0.0.0.0' ? '127.0.0.1' : host;
}

/** Whether the handshake reached the point where the server rejects a client without a certificate. */
function isAlert({ code = '' }: NodeJS.ErrnoException): boolean {
  return /^ERR_SSL_.*ALERT/.test(code) || code === 'EPROTO' || code === 'ECONNRESET';
}
