/**
 * Sends one request to the OTLP endpoint, with limits. Never throws because of the endpoint.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { OtlpSettings } from '../settings/otlp.ts';
import { readTlsFiles, type TlsFiles } from '../settings/tls-files.ts';

/**
 * `retry`: the same request may be accepted later. `bad_content`: about the content of this request. `refused`: every other
 * request would get the same response.
 */
export type Outcome = 'accepted' | 'bad_content' | 'refused' | 'retry';

export interface PostResponse {
  readonly outcome: Outcome;
  readonly body: Buffer;
  /** How long the endpoint wants the client to wait. */
  readonly retryAfterMs: number | undefined;
  /** Why it was not accepted, for people; empty if it was. */
  readonly problem: string;
}

export interface Poster {
  post(body: Buffer, signal: AbortSignal): Promise<PostResponse>;
  close(): void;
}

/** A response says how many data points were rejected, and why. */
export const MAX_RESPONSE_BYTES = 64 * 1024;

/** The longest text of the endpoint in a message. */
const MAX_SHOWN = 200;

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const aboutContent: ReadonlySet<number> = new Set([400, 413, 422]);

/** Returns the outcome by the HTTP status. */
export function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) {
    return 'accepted';
  }
  return retryable.has(status) ? 'retry' : aboutContent.has(status) ? 'bad_content' : 'refused';
}

/** A text of the endpoint, in a message. */
export function toShown(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_SHOWN);
}

/** `version`: of the package. @throws {OptionError} when a file cannot be read */
export function openHttpPoster(settings: OtlpSettings, contentType: string, version: string): Poster {
  const { url, headers, compression, timeoutMs } = settings;
  const tls = readTls(settings);
  // Loaded, not imported: see src/monitor/http/server.ts.
  const isTls = url.protocol === 'https:';
  const agent = isTls
    ? new (process.getBuiltinModule('node:https').Agent)({ keepAlive: true, maxSockets: 1, ...tls })
    : new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true, maxSockets: 1 });
  const ofAll = {
    'user-agent': `kata-monitor/${version}`,
    ...headers,
    'content-type': contentType,
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
        return { outcome: 'retry', body: Buffer.alloc(0), retryAfterMs: undefined, problem: why };
      }
    },
    close: () => agent.destroy(),
  };
}

/** @throws {OptionError} when a file cannot be read */
export function readTls(settings: OtlpSettings): TlsFiles {
  return readTlsFiles(settings, 'otlp.');
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
  const content = Buffer.concat(chunks);
  const outcome = outcomeOf(status);
  const text = outcome === 'accepted' ? '' : toShown(content.toString());
  return {
    outcome,
    body: content,
    retryAfterMs: toRetryAfterMs(headers['retry-after']),
    problem: outcome === 'accepted' ? '' : `it responded with status ${status}${text === '' ? '' : `: ${text}`}`,
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
