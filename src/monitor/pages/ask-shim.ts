/**
 * Passes a shim's own page on: status, content type and body, bounded in bytes and time. Other headers stay behind.
 */
import type { ShimAnswer, ShimHeaders, ShimPath } from '../../shim-client/index.ts';
import type { Sandbox } from '../sandbox.ts';
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

/** @throws {PageError} 504 when the shim did not answer in time, 502 when it did not answer as it should. */
export async function askShim(sandbox: Sandbox, question: ShimQuestion, { shimClient }: PageParts): Promise<ShimPage> {
  const answer = await shimClient.get({ socketPath: sandbox.socketPath, ...question });
  if (answer.kind === 'failed' && answer.reason !== 'http_status') {
    const status = answer.reason === 'timeout' ? 504 : 502;
    throw new PageError(status, `Cannot ask the shim of sandbox "${sandbox.id}": ${answer.message}`);
  }
  return { status: answer.status ?? 502, headers: passedHeaders(answer.headers), body: bodyOf(answer) };
}

function bodyOf(answer: ShimAnswer): Buffer {
  return (answer.kind === 'ok' ? answer.body : answer.partialBody) ?? Buffer.alloc(0);
}

/** A shim is not trusted with more than plain printable text in a header. */
function passedHeaders(headers: ShimHeaders = {}): Record<string, string> {
  const contentType = headers['content-type'] ?? '';
  const isPlain = /^[\x20-\x7e]+$/.test(contentType);
  return { 'content-type': isPlain ? contentType : 'application/octet-stream' };
}
