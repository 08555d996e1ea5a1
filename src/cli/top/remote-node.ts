/**
 * The sandboxes that a monitor serves under /api/v1.
 */
import { readFileSync } from 'node:fs';
import { type IncomingMessage, Agent as PlainAgent, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
import { OptionError } from '../../options/index.ts';
import { CliError } from '../cli-error.ts';
import type { NodeSource } from './node-source.ts';

export interface RemoteNodeOptions {
  readonly url: string;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** Longer than the scrape timeout of a monitor. */
const TIMEOUT_MS = 15_000;
/** 4,096 sandboxes have 4 MiB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws {OptionError} when the options do not describe a monitor, or a file of theirs cannot be read */
export function openRemoteNode(options: RemoteNodeOptions): NodeSource {
  const address = toAddress(options);
  const headers = { accept: 'application/json', ...toAuthorization(options) };
  const tls = toTls(options);
  const isTls = address.protocol === 'https:';
  const agent = isTls ? new TlsAgent({ keepAlive: true, ...tls }) : new PlainAgent({ keepAlive: true });
  const get = async (path: string, signal: AbortSignal): Promise<unknown> => {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    try {
      const request: RequestOptions = { ...address.target, path, headers, agent, signal: timeout };
      return await readJson(request, isTls);
    } catch (error) {
      signal.throwIfAborted();
      throw toCliError(error, options.url);
    }
  };
  return {
    read: async (signal, detailId) => {
      const snapshot = (await get('/api/v1/sandboxes', signal)) as Snapshot;
      if (!Array.isArray(snapshot?.sandboxes) || typeof snapshot.node?.nowSeconds !== 'number') {
        throw new CliError(`Cannot read the sandboxes from "${options.url}": it is not the API of a monitor`);
      }
      const isPresent = detailId !== undefined && snapshot.sandboxes.some(({ id }) => id === detailId);
      const path = `/api/v1/sandboxes/${encodeURIComponent(detailId ?? '')}`;
      return { snapshot, detail: isPresent ? ((await get(path, signal)) as SandboxDetail) : undefined };
    },
    close: () => agent.destroy(),
  };
}

function toAddress({ url }: RemoteNodeOptions): { readonly protocol: string; readonly target: RequestOptions } {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  if (socketPath !== undefined) {
    return { protocol: 'http:', target: { socketPath, host: 'localhost' } };
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || !/^\/?$/.test(parsed.pathname)) {
    throw new OptionError(`Option "--url" must be http://host:port, https://host:port or unix:///path, got "${url}"`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new OptionError('Option "--url" must not contain a password: use --username and --password-file');
  }
  const { protocol, hostname, port } = parsed;
  return { protocol, target: { host: hostname.replace(/^\[(.*)\]$/, '$1'), port } };
}

function toAuthorization({ username, passwordFile }: RemoteNodeOptions): { readonly authorization?: string } {
  if (username === undefined && passwordFile === undefined) {
    return {};
  }
  if (username === undefined || passwordFile === undefined) {
    throw new OptionError('Options "--username" and "--password-file" require each other');
  }
  const [password = ''] = readOption('password-file', passwordFile).toString().split(/\r?\n/, 1);
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

function toTls({ url, caFile, certFile, keyFile }: RemoteNodeOptions): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const [option] = Object.entries({ 'ca-file': caFile, 'cert-file': certFile, 'key-file': keyFile }).find(
    ([, file]) => file !== undefined,
  ) ?? [undefined];
  if (option !== undefined && !url.startsWith('https:')) {
    throw new OptionError(`Option "--${option}" requires a "--url" that begins with https, got "${url}"`);
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new OptionError('Options "--cert-file" and "--key-file" require each other');
  }
  return {
    ...(caFile === undefined ? {} : { ca: readOption('ca-file', caFile) }),
    ...(certFile === undefined ? {} : { cert: readOption('cert-file', certFile) }),
    ...(keyFile === undefined ? {} : { key: readOption('key-file', keyFile) }),
  };
}

function readOption(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OptionError(`Option "--${option}" must be a file that can be read: ${(error as Error).message}`);
  }
}

class StatusError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function readJson(options: RequestOptions, isTls: boolean): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (isTls ? requestHttps : requestHttp)(options, resolve);
  request.on('error', reject);
  request.end();
  const response = await promise;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      request.destroy();
      throw new Error(`response exceeds the limit of ${MAX_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (response.statusCode !== 200) {
    throw new StatusError(response.statusCode ?? 0, text);
  }
  return JSON.parse(text);
}

const hints: Readonly<Record<number, string>> = {
  401: 'the monitor requires a password: use --username and --password-file',
  403: 'the monitor requires a client certificate, or does not accept this host name (--web.allowed-hosts)',
  404: 'the monitor does not serve its API on this address (--web.page)',
  503: 'the monitor has too many concurrent requests',
};

/** The longest text of a server that is shown. */
const MAX_SHOWN = 200;

function toCliError(error: unknown, url: string): CliError {
  const cause = error as NodeJS.ErrnoException;
  const what = `Cannot read the sandboxes from "${url}"`;
  if (error instanceof StatusError) {
    const shown = error.message.trim().slice(0, MAX_SHOWN);
    return new CliError(`${what}: ${hints[error.status] ?? `status ${error.status}: ${shown}`}`);
  }
  if (error instanceof SyntaxError) {
    return new CliError(`${what}: it is not the API of a monitor`);
  }
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError') {
    return new CliError(`${what}: no response within ${TIMEOUT_MS} ms`);
  }
  return new CliError(`${what}: ${cause.message === '' ? (cause.code ?? 'unknown') : cause.message}`);
}
