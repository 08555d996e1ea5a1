/**
 * One request to the OTLP endpoint, with limits. Never throws for what the endpoint does.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { OptionError } from '../options/index.ts';
import type { OtlpSettings } from '../settings/otlp.ts';

export interface PostResponse {
  /** 0 if there was no response. */
  readonly status: number;
  readonly body: Buffer;
  /** From Retry-After. */
  readonly retryAfterMs: number | undefined;
  /** Why there was no response. */
  readonly problem: string | undefined;
}

export interface Poster {
  post(body: Buffer, signal: AbortSignal): Promise<PostResponse>;
  close(): void;
}

/** A response says how many data points were rejected, and why. */
const MAX_RESPONSE_BYTES = 64 * 1024;

const contentTypes = { 'http/json': 'application/json', 'http/protobuf': 'application/x-protobuf' } as const;

/** `version`: of the package. @throws {OptionError} when a file cannot be read */
export function openPoster(settings: OtlpSettings, version: string): Poster {
  const { url, protocol, headers, compression, timeoutMs, caFile, certFile, keyFile } = settings;
  const tls = {
    ...(caFile === undefined ? {} : { ca: readOption('otlp.ca-file', caFile) }),
    ...(certFile === undefined ? {} : { cert: readOption('otlp.cert-file', certFile) }),
    ...(keyFile === undefined ? {} : { key: readOption('otlp.key-file', keyFile) }),
  };
  // Loaded, not imported: see src/monitor/http/server.ts.
  const isTls = url.protocol === 'https:';
  const agent = isTls
    ? new (process.getBuiltinModule('node:https').Agent)({ keepAlive: true, maxSockets: 1, ...tls })
    : new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true, maxSockets: 1 });
  const ofAll = {
    'user-agent': `kata-monitor/${version}`,
    ...headers,
    'content-type': contentTypes[protocol],
    ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  return {
    post: async (body, signal) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const request = { method: 'POST', agent, signal: AbortSignal.any([signal, timeout]) };
        return await send(url, { ...request, headers: { ...ofAll, 'content-length': body.length } }, body);
      } catch (error) {
        signal.throwIfAborted();
        const { message, code = 'unknown' } = error as NodeJS.ErrnoException;
        const why = timeout.aborted ? `no response within ${timeoutMs} ms` : message === '' ? code : message;
        return { status: 0, body: Buffer.alloc(0), retryAfterMs: undefined, problem: why };
      }
    },
    close: () => agent.destroy(),
  };
}

function readOption(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OptionError(`Option "--${option}" must be a file that can be read: ${(error as Error).message}`);
  }
}

async function send(url: URL, options: RequestOptions, body: Buffer): Promise<PostResponse> {
  const { request: start } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    start(url, options, resolve).on('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) {
      // The status is what counts.
      response.destroy();
      break;
    }
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return {
    status,
    body: Buffer.concat(chunks),
    retryAfterMs: toRetryAfterMs(headers['retry-after']),
    problem: undefined,
  };
}

/** RFC 9110: seconds, or a date. */
function toRetryAfterMs(text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
