/**
 * Between a page of metrics and its responder: what both have in common whatever the page selects.
 */
import type { MetricsResponse, NodeRequest } from '../../answer/metrics-responder.ts';
import { chooseEncoding } from '../accept.ts';
import type { PageReply, PageRequest } from './page.ts';

/** The forms that the client accepts, its time limit in milliseconds, and the signal of its disconnect. */
export function toNodeRequest(request: PageRequest, timeoutMs: number): NodeRequest {
  return {
    accept: request.header('accept'),
    encoding: chooseEncoding(request.header('accept-encoding')),
    timeoutMs,
    signal: request.signal,
  };
}

export function toReply({ status, headers, body }: MetricsResponse): PageReply {
  return { status, headers: { vary: 'Accept, Accept-Encoding', ...headers }, body };
}
