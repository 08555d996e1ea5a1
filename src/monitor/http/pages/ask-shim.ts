/**
 * Passes a shim's own page on: status, content type, name of a file and body, limited in bytes and time. Other headers are
 * dropped.
 */

import type { Readable } from 'node:stream';
import type { Sandbox } from '../../../sandboxes/index.ts';
import { findSocketFault } from '../../../sandboxes/index.ts';
import { type ShimHeaders, type ShimPath, type ShimResult, streamFromShim } from '../../../shim-client/index.ts';
import { PageError, type PageParts, type PageReply } from './page.ts';

export interface ShimQuestion {
  readonly path: ShimPath;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface ShimPage extends PageReply {
  readonly body: Buffer;
}

/**
 * @throws {PageError} 504 when the shim did not answer in time, 502 when it did not answer as it should, or its socket may
 * not be connected to.
 */
export async function askShim(
  sandbox: Sandbox,
  question: ShimQuestion,
  { shimClient }: Pick<PageParts, 'shimClient'>,
): Promise<ShimPage> {
  const fault = findSocketFault(sandbox);
  if (fault !== undefined) {
    throw cannotAsk(sandbox, 502, fault);
  }
  const answer = await shimClient.get({ socketPath: sandbox.socketPath, ...question });
  if (answer.kind === 'failed' && answer.reason !== 'http_status') {
    throw cannotAsk(sandbox, answer.reason === 'timeout' ? 504 : 502, answer.message);
  }
  return { status: answer.status ?? 502, headers: passedHeaders(answer.headers), body: bodyOf(answer) };
}

export interface StreamedPage extends PageReply {
  readonly body: Readable;
}

/**
 * As `askShim`, but the body is passed on as it comes: where it does not end well, the client's connection is cut.
 * @throws {PageError} likewise, for what fails before the head of the response
 */
export async function streamShim(sandbox: Sandbox, question: ShimQuestion): Promise<StreamedPage> {
  const fault = findSocketFault(sandbox);
  if (fault !== undefined) {
    throw cannotAsk(sandbox, 502, fault);
  }
  const answer = await streamFromShim({ socketPath: sandbox.socketPath, ...question });
  if (answer.kind === 'failed') {
    throw cannotAsk(sandbox, answer.reason === 'timeout' ? 504 : 502, answer.message);
  }
  return { status: answer.status, headers: passedHeaders(answer.headers), body: answer.body };
}

function cannotAsk({ id }: Sandbox, status: number, why: string): PageError {
  return new PageError(status, `Cannot ask the shim of sandbox "${id}": ${why}`);
}

function bodyOf(answer: ShimResult): Buffer {
  return (answer.kind === 'ok' ? answer.body : answer.partialBody) ?? Buffer.alloc(0);
}

const plainText = /^[\x20-\x7e]+$/;
/** What Go's profiler sends for a file that a browser should save. */
const attachment = /^attachment; filename="[A-Za-z0-9._-]+"$/;

/** A shim is not trusted with more than plain printable text in a header. */
function passedHeaders(headers: ShimHeaders = {}): Record<string, string> {
  const { 'content-type': contentType = '', 'content-disposition': disposition = '' } = headers;
  return {
    'content-type': plainText.test(contentType) ? contentType : 'application/octet-stream',
    ...(attachment.test(disposition) ? { 'content-disposition': disposition } : {}),
  };
}
