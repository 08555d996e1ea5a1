/**
 * Firecracker's API: one request at a time over its unix socket, with a deadline and a limit for the response. Called when
 * a sandbox is started and before its metrics are read. The paths are those of Firecracker's own schema,
 * src/firecracker/swagger/firecracker.yaml.
 */
import type { IncomingMessage } from 'node:http';

/**
 * `unreachable`: nothing listens on the socket. `timeout`: no complete response in time. `refused`: Firecracker returned an
 * error, with its reason. `invalid`: the response is not one of Firecracker.
 */
export type FirecrackerApiErrorCode = 'invalid' | 'refused' | 'timeout' | 'unreachable';

export class FirecrackerApiError extends Error {
  override readonly name = 'FirecrackerApiError';
  readonly code: FirecrackerApiErrorCode;

  constructor(code: FirecrackerApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface FirecrackerApiOptions {
  readonly socketPath: string;
  readonly timeoutMs: number;
}

/** Responses have a line or two. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** Limit for a reason in an error message. */
const MAX_REASON_CHARS = 500;

export class FirecrackerApi {
  readonly #options: FirecrackerApiOptions;

  constructor(options: FirecrackerApiOptions) {
    this.#options = options;
  }

  /**
   * The response's JSON.
   * @throws {FirecrackerApiError}
   */
  async get(path: string): Promise<unknown> {
    return this.#request('GET', path);
  }

  /** @throws {FirecrackerApiError} */
  async put(path: string, body: object): Promise<void> {
    await this.#request('PUT', path, JSON.stringify(body));
  }

  async #request(method: string, path: string, body?: string): Promise<unknown> {
    const { socketPath, timeoutMs } = this.#options;
    const failure = `Firecracker request "${method} ${path}" failed on "${socketPath}"`;
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const { status, text } = await exchange(socketPath, method, path, body, deadline);
      if (status === 200) {
        return JSON.parse(text);
      }
      if (status !== 204) {
        throw new FirecrackerApiError('refused', `${failure}: ${status}, ${readReason(text)}`);
      }
      return undefined;
    } catch (error) {
      throw toApiError(failure, error, deadline.aborted ? timeoutMs : undefined);
    }
  }
}

interface ApiResponse {
  readonly status: number;
  readonly text: string;
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal,
): Promise<ApiResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
  const headers = {
    host: 'localhost',
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const sent = process
    .getBuiltinModule('node:http')
    .request({ socketPath, method, path, headers, signal, agent: false }, (response) => {
      readBody(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
  sent.once('error', reject);
  sent.end(body);
  return promise;
}

async function readBody(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_RESPONSE_BYTES) {
      throw new SyntaxError(`More than ${MAX_RESPONSE_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length).toString('utf8');
}

/** `fault_message`, where the response has one. */
function readReason(text: string): string {
  let reason = text;
  try {
    const { fault_message: message } = JSON.parse(text) as { fault_message?: unknown };
    reason = typeof message === 'string' ? message : text;
  } catch {
    // Not JSON: the whole text is the reason.
  }
  return reason.trim().slice(0, MAX_REASON_CHARS);
}

/** Nothing listens, or the peer has closed the connection. */
const UNREACHABLE: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE']);

function toApiError(failure: string, error: unknown, overdueMs: number | undefined): FirecrackerApiError {
  if (error instanceof FirecrackerApiError) {
    return error;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (overdueMs !== undefined) {
    return new FirecrackerApiError('timeout', `${failure}: no response within ${overdueMs} ms`, { cause: error });
  }
  return new FirecrackerApiError(UNREACHABLE.has(code) ? 'unreachable' : 'invalid', `${failure}: ${message}`, {
    cause: error,
  });
}
