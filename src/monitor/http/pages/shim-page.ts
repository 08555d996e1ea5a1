/**
 * Proxies a page of a shim: status, content type, file name and body, with limits of bytes and time. Other headers are dropped.
 */

import type { Readable } from 'node:stream';
import type { Sandbox } from '../../../sandboxes/index.ts';
import { findSocketFault } from '../../../sandboxes/index.ts';
import { type ShimHeaders, type ShimPath, type ShimResult, streamFromShim } from '../../../shim-client/index.ts';
import { PageError, type PageParts, type PageReply } from './page.ts';

export interface ShimPageRequest {
  readonly path: ShimPath;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface ShimPage extends PageReply {
  readonly body: Buffer;
}

/**
 * @throws {PageError} 504 when the shim did not respond in time, 502 when its response is invalid or its socket is unsafe.
 */
export async function fetchShimPage(
  sandbox: Sandbox,
  request: ShimPageRequest,
  { shimClient }: Pick<PageParts, 'shimClient'>,
): Promise<ShimPage> {
  const fault = findSocketFault(sandbox);
  if (fault !== undefined) {
    throw queryError(sandbox, 502, fault);
  }
  const response = await shimClient.get({ socketPath: sandbox.socketPath, ...request });
  if (response.kind === 'failed' && response.reason !== 'http_status') {
    throw queryError(sandbox, response.reason === 'timeout' ? 504 : 502, response.message);
  }
  return { status: response.status ?? 502, headers: passedHeaders(response.headers), body: bodyOf(response) };
}

export interface StreamedPage extends PageReply {
  readonly body: Readable;
}

/**
 * Like `fetchShimPage`, but streams the body. If the body is incomplete, the connection of the client is cut.
 * @throws {PageError} likewise, for a failure before the head of the response
 */
export async function streamShimPage(sandbox: Sandbox, request: ShimPageRequest): Promise<StreamedPage> {
  const fault = findSocketFault(sandbox);
  if (fault !== undefined) {
    throw queryError(sandbox, 502, fault);
  }
  const response = await streamFromShim({ socketPath: sandbox.socketPath, ...request });
  if (response.kind === 'failed') {
    throw queryError(sandbox, response.reason === 'timeout' ? 504 : 502, response.message);
  }
  return { status: response.status, headers: passedHeaders(response.headers), body: response.body };
}

function queryError({ id }: Sandbox, status: number, why: string): PageError {
  return new PageError(status, `Cannot query the shim of sandbox "${id}": ${why}`);
}

function bodyOf(response: ShimResult): Buffer {
  return (response.kind === 'ok' ? response.body : response.partialBody) ?? Buffer.alloc(0);
}

const plainText = /^[\x20-\x7e]+$/;
/** The value that Go's profiler sends for a file that a browser should save. */
const attachment = /^attachment; filename="[A-Za-z0-9._-]+"$/;

/** A shim is not trusted: headers with anything but printable ASCII are not passed on. */
function passedHeaders(headers: ShimHeaders = {}): Record<string, string> {
  const { 'content-type': contentType = '', 'content-disposition': disposition = '' } = headers;
  return {
    'content-type': plainText.test(contentType) ? contentType : 'application/octet-stream',
    ...(attachment.test(disposition) ? { 'content-disposition': disposition } : {}),
  };
}
