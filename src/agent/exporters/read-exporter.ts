/**
 * Reads an exporter in the guest by one GET over the loopback interface or a socket. Loaded with the first request for an
 * exporter, because most guests have none. The exporter is as untrusted as the rest of the guest: its bytes and time are
 * limited, and redirects are not followed.
 */
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import { type ExporterTarget, exporterLimits, parseExporterAddress } from '../../guest-exporters/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';

export interface ExporterRequest {
  readonly address: string;
  /** 0: the limit of this agent. */
  readonly maxBytes: number;
  /** 0: the limit of this agent. */
  readonly timeoutMs: number;
}

export interface ExporterBody {
  readonly body: Buffer;
  /** Whether the body had more bytes than the limit. */
  readonly isTruncated: boolean;
}

const MAX_HEADER_BYTES = 16 * 1024;
const LOOPBACK = '127.0.0.1';

/**
 * @throws {TtrpcError} `invalidArgument` for an address that is none, `unavailable` when no exporter responds there,
 *   `failedPrecondition` for a response that is not one of an exporter, `deadlineExceeded`, or `cancelled` by the signal.
 */
export async function readExporter(
  { address, maxBytes, timeoutMs }: ExporterRequest,
  signal: AbortSignal,
): Promise<ExporterBody> {
  const target = parseExporterAddress(address);
  if (target === undefined) {
    throw new TtrpcError(
      Code.invalidArgument,
      `Address of an exporter must be <port>, <port>/<path> or unix:/<path>, got ${JSON.stringify(address)}`,
    );
  }
  const limitBytes = Math.min(maxBytes || exporterLimits.maxBytes, exporterLimits.maxBytes);
  const limitMs = Math.min(timeoutMs || exporterLimits.timeoutMs, exporterLimits.timeoutMs);
  const deadline = AbortSignal.timeout(limitMs);
  try {
    return await get(target, limitBytes, AbortSignal.any([signal, deadline]));
  } catch (error) {
    throw toTtrpcError(error, { address, limitMs, isLate: deadline.aborted, isCancelled: signal.aborted });
  }
}

/** Connections that wait for the next scrape: as many as a node may have exporters. */
const MAX_IDLE_CONNECTIONS = 16;
/** Longer than most scrape intervals. */
const IDLE_MS = 70_000;

let connections: Agent | undefined;

/** A new connection costs more than the request: the one of the last scrape is used again. */
function openConnections(): Agent {
  connections ??= new (process.getBuiltinModule('node:http').Agent)({
    keepAlive: true,
    maxFreeSockets: MAX_IDLE_CONNECTIONS,
    timeout: IDLE_MS,
  });
  return connections;
}

async function get(target: ExporterTarget, limitBytes: number, signal: AbortSignal): Promise<ExporterBody> {
  const request = start(target, signal);
  let response: IncomingMessage | undefined;
  try {
    response = await waitForResponse(request);
    if (response.statusCode !== 200) {
      throw new TtrpcError(Code.failedPrecondition, `the exporter responded with status ${response.statusCode}`);
    }
    const encoding = response.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      throw new TtrpcError(Code.failedPrecondition, 'the exporter compressed its response, which was not requested');
    }
    return await readBody(response, limitBytes);
  } catch (error) {
    // It has closed the connection since the last scrape. Each time, one connection less waits.
    if (request.reusedSocket && response === undefined && !signal.aborted) {
      return await get(target, limitBytes, signal);
    }
    throw error;
  } finally {
    if (response?.complete !== true) {
      request.destroy();
    }
  }
}

function start(target: ExporterTarget, signal: AbortSignal): ClientRequest {
  const where =
    target.kind === 'port'
      ? { host: LOOPBACK, port: target.port }
      : { socketPath: target.socketPath, host: 'localhost' };
  const request = process.getBuiltinModule('node:http').request({
    ...where,
    path: target.path,
    headers: { accept: 'text/plain;version=0.0.4' },
    agent: openConnections(),
    maxHeaderSize: MAX_HEADER_BYTES,
    signal,
  });
  return request.end();
}

function waitForResponse(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays, so that an error after the response ends no process: the reader of the body gets it too.
    request.on('error', reject);
  });
}

async function readBody(response: IncomingMessage, limitBytes: number): Promise<ExporterBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const kept = chunk.subarray(0, limitBytes - bytes);
    chunks.push(kept);
    bytes += kept.length;
    if (kept.length < chunk.length) {
      return { body: Buffer.concat(chunks), isTruncated: true };
    }
  }
  return { body: Buffer.concat(chunks), isTruncated: false };
}

interface Outcome {
  readonly address: string;
  readonly limitMs: number;
  readonly isLate: boolean;
  readonly isCancelled: boolean;
}

function toTtrpcError(error: unknown, { address, limitMs, isLate, isCancelled }: Outcome): TtrpcError {
  const place = `Cannot read the exporter at "${address}"`;
  if (error instanceof TtrpcError) {
    return new TtrpcError(error.code, `${place}: ${error.rawMessage}`);
  }
  if (isCancelled) {
    return new TtrpcError(Code.cancelled, `${place}: the request was cancelled`);
  }
  if (isLate) {
    return new TtrpcError(Code.deadlineExceeded, `${place}: no complete response within ${limitMs} ms`);
  }
  const { code = '', message } = error as NodeJS.ErrnoException;
  // Errors of the HTTP parser begin with HPE_: something listens there, but it is no exporter.
  const kind = code.startsWith('HPE_') || code === 'ECONNRESET' ? Code.failedPrecondition : Code.unavailable;
  return new TtrpcError(kind, `${place}: ${message}`, { cause: error });
}
