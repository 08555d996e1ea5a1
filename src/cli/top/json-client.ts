/**
 * Requests JSON over HTTP from a server that the user names, with the certificates and passwords of the options, with
 * limits, and with error messages that say what to do.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { OptionError } from '../../options/index.ts';
import { readOptionFile, readTlsFiles, type TlsFiles, type TlsPaths } from '../../settings/tls-files.ts';
import { CliError } from '../cli-error.ts';

export interface JsonClientOptions extends TlsPaths {
  /** The flag that has the URL. */
  readonly option: string;
  readonly url: string;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** Whether the URL may have a path, as behind a proxy. */
  readonly hasPath: boolean;
  /** Name of the server, for messages. */
  readonly what: string;
  /** What the user can do about an error, by HTTP status. */
  readonly hints: Readonly<Record<number, string>>;
}

/** How many bytes responses may have together. */
export interface ByteBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

export interface JsonClient {
  /**
   * `path`: below that of the URL. `budget`: shared by the requests of one read. Default: 64 MiB for this response.
   * @throws {CliError}, and the signal's reason
   */
  get(
    path: string,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
    budget?: ByteBudget,
  ): Promise<unknown>;
  /**
   * The body of a response that goes on. The time limit is only for its beginning.
   * @throws {CliError}, and the signal's reason
   */
  open(path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage>;
  /** Creates the error for a response that is valid JSON, but not the expected object. */
  fail(why: string): CliError;
  close(): void;
}

/** Longer than the scrape timeout of a monitor. */
const TIMEOUT_MS = 15_000;
/** 4,096 sandboxes have 4 MiB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @throws {OptionError} when the options do not describe a server, or a file of theirs cannot be read */
export function openJsonClient(options: JsonClientOptions): JsonClient {
  const address = toAddress(options);
  const headers = { accept: 'application/json', ...toAuthorization(options) };
  const tls = toTls(options);
  const isTls = address.protocol === 'https:';
  const agent = isTls
    ? new (process.getBuiltinModule('node:https').Agent)({ keepAlive: true, ...tls })
    : new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true });
  return {
    get: async (path, signal, more = {}, budget = { maxBytes: MAX_BYTES, usedBytes: 0 }) => {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const all = { ...headers, ...more };
        const request = { ...address.target, path: address.path + path, headers: all, agent, signal: timeout };
        return await readJson(request, isTls, budget);
      } catch (error) {
        signal.throwIfAborted();
        throw toCliError(error, options);
      }
    },
    open: async (path, more, signal) => {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(new DOMException('No response', 'TimeoutError')), TIMEOUT_MS);
      try {
        const limit = AbortSignal.any([signal, late.signal]);
        const request = { ...address.target, path: address.path + path, headers: { ...headers, ...more }, agent };
        const response = await sendRequest({ ...request, signal: limit }, isTls);
        return response.statusCode === 200 ? response : await failWithStatus(response);
      } catch (error) {
        signal.throwIfAborted();
        throw toCliError(error, options);
      } finally {
        clearTimeout(timer);
      }
    },
    fail: (why) => new CliError(`${describe(options)}: ${why}`),
    close: () => agent.destroy(),
  };
}

function describe({ url }: JsonClientOptions): string {
  return `Cannot read the sandboxes from "${url}"`;
}

interface Address {
  readonly protocol: string;
  readonly target: RequestOptions;
  /** Path without a slash at its end. */
  readonly path: string;
}

function toAddress({ option, url, hasPath }: JsonClientOptions): Address {
  const socketPath = /^unix:\/\/(\/.+)$/.exec(url)?.[1];
  if (socketPath !== undefined && !hasPath) {
    return { protocol: 'http:', target: { socketPath, host: 'localhost' }, path: '' };
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || (!hasPath && !/^\/?$/.test(parsed.pathname))) {
    const forms = hasPath
      ? 'http://host:port or https://host:port'
      : 'http://host:port, https://host:port or unix:///path';
    throw new OptionError(`Option "--${option}" must be ${forms}, got "${url}"`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new OptionError(`Option "--${option}" must not contain a password: use --username and --password-file`);
  }
  const { protocol, hostname, port, pathname } = parsed;
  const target = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port };
  return { protocol, target, path: removeFinalSlashes(pathname) };
}

function removeFinalSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') {
    end--;
  }
  return path.slice(0, end);
}

function toAuthorization({ username, passwordFile }: JsonClientOptions): { readonly authorization?: string } {
  if (username === undefined && passwordFile === undefined) {
    return {};
  }
  if (username === undefined || passwordFile === undefined) {
    throw new OptionError('Options "--username" and "--password-file" require each other');
  }
  const [password = ''] = readOptionFile('password-file', passwordFile).toString().split(/\r?\n/, 1);
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

function toTls({ option: ofUrl, url, ...files }: JsonClientOptions): TlsFiles {
  const { caFile, certFile, keyFile } = files;
  const [option] = Object.entries({ 'ca-file': caFile, 'cert-file': certFile, 'key-file': keyFile }).find(
    ([, file]) => file !== undefined,
  ) ?? [undefined];
  if (option !== undefined && !url.startsWith('https:')) {
    throw new OptionError(`Option "--${option}" requires a "--${ofUrl}" that begins with https, got "${url}"`);
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new OptionError('Options "--cert-file" and "--key-file" require each other');
  }
  return readTlsFiles(files);
}

class StatusError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

function sendRequest(options: RequestOptions, isTls: boolean): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { request: send } = process.getBuiltinModule(isTls ? 'node:https' : 'node:http');
  const request = send(options, resolve);
  request.on('error', reject);
  request.end();
  return promise;
}

async function readJson(options: RequestOptions, isTls: boolean, budget: ByteBudget): Promise<unknown> {
  const response = await sendRequest(options, isTls);
  const text = await readText(response, budget);
  return response.statusCode === 200 ? JSON.parse(text) : failWith(response, text);
}

async function failWithStatus(response: IncomingMessage): Promise<never> {
  return failWith(response, await readText(response, { maxBytes: MAX_BYTES, usedBytes: 0 }));
}

function failWith({ statusCode = 0 }: IncomingMessage, text: string): never {
  throw new StatusError(statusCode, text);
}

async function readText(response: IncomingMessage, budget: ByteBudget): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    budget.usedBytes += chunk.length;
    if (budget.usedBytes > budget.maxBytes) {
      response.destroy();
      throw new Error(`responses exceed the limit of ${budget.maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** The longest text of a server that is shown. */
const MAX_SHOWN = 200;

function toCliError(error: unknown, options: JsonClientOptions): CliError {
  const cause = error as NodeJS.ErrnoException;
  const what = describe(options);
  if (error instanceof StatusError) {
    const shown = error.message.trim().slice(0, MAX_SHOWN);
    return new CliError(`${what}: ${options.hints[error.status] ?? `status ${error.status}: ${shown}`}`);
  }
  if (error instanceof SyntaxError) {
    return new CliError(`${what}: it is not ${options.what}`);
  }
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError') {
    return new CliError(`${what}: no response within ${TIMEOUT_MS} ms`);
  }
  return new CliError(`${what}: ${cause.message === '' ? (cause.code ?? 'unknown') : cause.message}`);
}
