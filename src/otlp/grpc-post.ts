/**
 * Sends requests to an OTLP endpoint over gRPC: unary calls of HTTP/2, one message each. Uses `node:http2`, which is
 * loaded only for it. Sources: the document PROTOCOL-HTTP2 of gRPC, https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 */
import { addAbortListener } from 'node:events';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { Code, codeName, decodeStatusText, findCode, messagePrefix, PREFIX_BYTES } from '../grpc/index.ts';
import type { OtlpSettings } from '../settings/otlp.ts';
import { MAX_RESPONSE_BYTES, type Outcome, type Poster, type PostResponse, readTls, toShown } from './post.ts';
import { RetryInfo, Status } from './response-messages.ts';

const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
/** Codes after which a request is repeated, from the specification of OTLP. */
const retryable: ReadonlySet<number> = new Set([
  Code.cancelled,
  Code.deadlineExceeded,
  Code.aborted,
  Code.outOfRange,
  Code.unavailable,
  Code.dataLoss,
]);

/** Returns the outcome by the status of gRPC. `hasDelay`: whether the endpoint reports when to try again. */
export function outcomeOfGrpc(status: number, hasDelay: boolean): Outcome {
  if (status === Code.ok) {
    return 'accepted';
  }
  if (retryable.has(status) || (status === Code.resourceExhausted && hasDelay)) {
    return 'retry';
  }
  // Without a delay, the message was too large.
  return status === Code.invalidArgument || status === Code.resourceExhausted ? 'bad_content' : 'refused';
}

/** `version`: of the package. @throws {OptionError} when a file cannot be read */
export function openGrpcPoster(settings: OtlpSettings, version: string): Poster {
  const { url, headers, compression, timeoutMs } = settings;
  const tls = readTls(settings);
  const { connect, constants } = process.getBuiltinModule('node:http2');
  let session: ClientHttp2Session | undefined;
  /** Why the connection has ended. */
  let fault: Error | undefined;
  const open = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      fault = undefined;
      session = connect(url.origin, { ...tls, settings: { enablePush: false } });
      session.on('error', (error) => {
        fault = error;
      });
    }
    return session;
  };
  const close = (): void => {
    session?.destroy();
    session = undefined;
  };
  const ofAll = {
    'user-agent': `kata-monitor/${version}`,
    ...headers,
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${timeoutMs}m`,
    ...(compression === 'gzip' ? { 'grpc-encoding': 'gzip' } : {}),
  };
  const call = async (body: Buffer, signal: AbortSignal): Promise<PostResponse> => {
    const stream = open().request(ofAll);
    const cancelling = addAbortListener(signal, () => {
      stream.close(constants.NGHTTP2_CANCEL);
      // Without a connection, of which the handshake of TLS is a part, it would stay open until there is one.
      stream.destroy();
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let found: IncomingHttpHeaders = {};
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    stream.on('response', (head) => {
      found = head;
    });
    stream.on('trailers', (trailers) => {
      found = { ...found, ...trailers };
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_RESPONSE_BYTES) {
        chunks.push(chunk);
      } else {
        stream.close(constants.NGHTTP2_CANCEL);
      }
    });
    // The end of the stream says what is to be said.
    stream.on('error', () => undefined);
    stream.once('close', resolve);
    stream.write(messagePrefix(body.length, compression === 'gzip'));
    stream.end(body);
    try {
      await closed;
    } finally {
      cancelling[Symbol.dispose]();
    }
    return toResponse(found, Buffer.concat(chunks), fault);
  };
  return {
    post: async (body, signal) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await call(body, AbortSignal.any([signal, timeout]));
      signal.throwIfAborted();
      if (!timeout.aborted) {
        return response;
      }
      // The connection may be dead without a sign of it.
      close();
      return { ...response, outcome: 'retry', problem: `no response within ${timeoutMs} ms` };
    },
    close,
  };
}

function toResponse(headers: IncomingHttpHeaders, body: Buffer, fault: Error | undefined): PostResponse {
  const { 'grpc-status': text, 'grpc-message': message = '', 'grpc-status-details-bin': details = '' } = headers;
  const nothing = { body: Buffer.alloc(0), retryAfterMs: undefined };
  if (text === undefined) {
    const status = headers[':status'];
    return status === undefined
      ? { ...nothing, outcome: 'retry', problem: fault?.message ?? 'the connection ended before the response' }
      : { ...nothing, outcome: 'refused', problem: `it responded with status ${status} and without a status of gRPC` };
  }
  if (!/^\d{1,3}$/.test(String(text))) {
    const shown = toShown(String(text));
    return {
      ...nothing,
      outcome: 'refused',
      problem: `it responded with "${shown}" as the status of gRPC, which is no number`,
    };
  }
  const status = Number(text);
  const retryAfterMs = readDelayMs(Buffer.from(String(details), 'base64'));
  const outcome = outcomeOfGrpc(status, retryAfterMs !== undefined);
  if (outcome === 'accepted') {
    return { outcome, body: body.subarray(PREFIX_BYTES), retryAfterMs, problem: '' };
  }
  const code = findCode(status);
  const shown = toShown(decodeStatusText(String(message)));
  const problem = `it responded with status ${code === undefined ? status : codeName(code)} of gRPC${shown === '' ? '' : `: ${shown}`}`;
  return { outcome, body: Buffer.alloc(0), retryAfterMs, problem };
}

/** Reads the delay of a `google.rpc.RetryInfo` among the details of a `google.rpc.Status`; undefined if there is none. */
export function readDelayMs(status: Uint8Array): number | undefined {
  try {
    const { details } = Status.decode(status);
    const info = details.find(({ typeUrl }) => Buffer.from(typeUrl).toString().endsWith('/google.rpc.RetryInfo'));
    const { retryDelay } = info === undefined ? {} : RetryInfo.decode(info.value);
    return retryDelay && Math.max(0, Number(retryDelay.seconds) * 1000 + retryDelay.nanos / 1e6);
  } catch {
    // No such message.
    return undefined;
  }
}
