/**
 * Delivers the batches of one push: retries as the OTLP specification says, isolates what the endpoint rejects, and gives up
 * at the deadline, so that nothing piles up.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { OtlpSettings } from '../settings/otlp.ts';
import { type Batch, joinParts, type Part } from './batches.ts';
import type { Poster, PostResponse } from './post.ts';

/** Data points. */
export interface Delivery {
  sent: number;
  /** By the endpoint. */
  rejected: number;
  /** Not delivered before the deadline, or after the endpoint has refused the whole push. */
  lost: number;
  retries: number;
  /** The first reason why something was not delivered. */
  problem: string | undefined;
}

export interface DeliverOptions {
  readonly poster: Poster;
  readonly settings: Pick<OtlpSettings, 'compression' | 'protocol'>;
  /** Fires at the deadline, or when the monitor ends. */
  readonly signal: AbortSignal;
  /** Rejects when the signal fires. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Called when a request has failed several times, and is tried again. */
  readonly onTrouble?: (problem: string) => void;
}

const compress = promisify(gzip);

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes; 0 is no response at all. */
const retryable: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);
/** About the content of one request; every other status would be the same for all requests. */
const aboutContent: ReadonlySet<number> = new Set([400, 413, 422]);
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;
/** After as many failures of one request, the log reports it: a short restart of the endpoint is no news. */
const FAILURES_TO_REPORT = 3;
/** The longest text of the endpoint in a message. */
const MAX_SHOWN = 200;

/** Never rejects, except for a bug. */
export async function deliver(batches: readonly Batch[], options: DeliverOptions): Promise<Delivery> {
  const delivery: Delivery = { sent: 0, rejected: 0, lost: 0, retries: 0, problem: undefined };
  let isOver = false;
  for (const { parts, points } of batches) {
    if (isOver || options.signal.aborted) {
      delivery.lost += points;
    } else {
      isOver = !(await deliverParts(parts, delivery, options));
    }
  }
  return delivery;
}

/** False when the endpoint takes nothing of this push any more. */
async function deliverParts(parts: readonly Part[], delivery: Delivery, options: DeliverOptions): Promise<boolean> {
  const points = parts.reduce((sum, part) => sum + part.points, 0);
  const response = await postUntilDeadline(parts, delivery, options);
  if (response.status >= 200 && response.status < 300) {
    const { count, why } = readPartialSuccess(response.body, options.settings.protocol);
    const rejected = Math.min(points, count);
    delivery.sent += points - rejected;
    delivery.rejected += rejected;
    delivery.problem ??= rejected > 0 ? `it rejected ${rejected} data points${why}` : undefined;
    return true;
  }
  if (!aboutContent.has(response.status)) {
    delivery.problem ??= describe(response);
    delivery.lost += points;
    return false;
  }
  if (parts.length === 1) {
    delivery.problem ??= `${describe(response)} to the metrics of ${parts[0]!.what}`;
    delivery.rejected += points;
    return true;
  }
  // By halves, so that one bad sandbox costs few requests, and the others lose nothing.
  const middle = Math.ceil(parts.length / 2);
  const halves = [parts.slice(0, middle), parts.slice(middle)];
  let isOver = false;
  for (const half of halves) {
    if (isOver) {
      delivery.lost += half.reduce((sum, part) => sum + part.points, 0);
    } else {
      isOver = !(await deliverParts(half, delivery, options));
    }
  }
  return !isOver;
}

async function postUntilDeadline(
  parts: readonly Part[],
  delivery: Delivery,
  { poster, settings, signal, wait, random, onTrouble }: DeliverOptions,
): Promise<PostResponse> {
  const plain = joinParts(parts, settings.protocol);
  const body = settings.compression === 'gzip' ? await compress(plain) : plain;
  let last: PostResponse = { status: 0, body: Buffer.alloc(0), retryAfterMs: undefined, problem: 'no time was left' };
  try {
    for (let attempt = 0; ; attempt++) {
      last = await poster.post(body, signal);
      if (!retryable.has(last.status)) {
        return last;
      }
      if (attempt + 1 === FAILURES_TO_REPORT) {
        onTrouble?.(describe(last));
      }
      const backOffMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
      // Jitter, so that the monitors of a cluster do not come all at once.
      await wait(last.retryAfterMs ?? backOffMs * (0.5 + 0.5 * random()), signal);
      delivery.retries++;
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    return last;
  }
}

function describe({ status, body, problem }: PostResponse): string {
  if (problem !== undefined) {
    return problem;
  }
  const text = body
    .toString()
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, MAX_SHOWN);
  return `it responded with status ${status}${text === '' ? '' : `: ${text}`}`;
}

/** `why`: begins with a colon, or is empty. */
function readPartialSuccess(body: Buffer, protocol: OtlpSettings['protocol']): { count: number; why: string } {
  const serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  try {
    const { rejectedDataPoints = 0, errorMessage = '' } =
      (body.length === 0 ? undefined : serializer.deserializeResponse(body).partialSuccess) ?? {};
    const count = Math.max(0, Number(rejectedDataPoints) || 0);
    const text = String(errorMessage)
      .replace(/[^\x20-\x7e]+/g, ' ')
      .slice(0, MAX_SHOWN);
    return { count, why: text === '' ? '' : `: ${text}` };
  } catch {
    // Some endpoints respond with another body; the status says that they have taken everything.
    return { count: 0, why: '' };
  }
}
