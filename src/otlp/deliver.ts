/**
 * Delivers the batches of one push: retries as the OTLP specification says, isolates what the endpoint rejects, and gives up
 * at the deadline, so that nothing piles up.
 */
import { type PackedBatch, type PackOptions, splitBatch } from './packed-batch.ts';
import { type Poster, type PostResponse, toShown } from './post.ts';
import type { PartialSuccess, RequestEncoder } from './request-encoder.ts';

/** Data points. */
export interface Delivery {
  sent: number;
  /** Number of data points that the endpoint has rejected. */
  rejected: number;
  /** Number that was not delivered before the deadline, or after the endpoint has refused the whole push. */
  lost: number;
  retries: number;
  /** The first reason why something was not delivered. */
  problem: string | undefined;
}

export interface DeliverOptions extends PackOptions {
  readonly poster: Poster;
  readonly encoder: Pick<RequestEncoder, 'join' | 'joint' | 'readResponse'>;
  /** Fires at the deadline, or when the monitor ends. */
  readonly signal: AbortSignal;
  /** Rejects when the signal fires. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Returns a number from 0 to less than 1. */
  readonly random: () => number;
  /** Called when the endpoint requests a pause. */
  readonly onQuiet?: (ms: number) => void;
  /** Called when the endpoint has accepted everything, and has something to say. */
  readonly onWarning?: (warning: string) => void;
  /** Called when a request has failed several times, and is tried again. */
  readonly onTrouble?: (problem: string) => void;
}

const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 30_000;
/** A timer of Node.js that is set for longer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Failures of one request after which the log reports it, so that a short restart of the endpoint is not reported. */
const FAILURES_TO_REPORT = 3;

/** Never rejects, except for a bug. */
export async function deliver(batches: readonly PackedBatch[], options: DeliverOptions): Promise<Delivery> {
  const delivery: Delivery = { sent: 0, rejected: 0, lost: 0, retries: 0, problem: undefined };
  await deliverAll(batches, delivery, options);
  return delivery;
}

/** False when the endpoint takes nothing of this push any more. */
async function deliverAll(
  batches: readonly PackedBatch[],
  delivery: Delivery,
  options: DeliverOptions,
): Promise<boolean> {
  let isOver = false;
  for (const batch of batches) {
    isOver ||= options.signal.aborted;
    if (isOver) {
      delivery.lost += batch.points;
    } else {
      isOver = !(await deliverBatch(batch, delivery, options));
    }
  }
  return !isOver;
}

/** False when the endpoint takes nothing of this push any more. */
async function deliverBatch(batch: PackedBatch, delivery: Delivery, options: DeliverOptions): Promise<boolean> {
  const { parts, points } = batch;
  const { outcome, body, problem } = await postUntilDeadline(batch, delivery, options);
  if (outcome === 'accepted') {
    const { rejectedPoints, message } = readPartialSuccess(body, options.encoder);
    const rejected = Math.min(points, rejectedPoints);
    delivery.sent += points - rejected;
    delivery.rejected += rejected;
    delivery.problem ??= rejected > 0 ? `it rejected ${rejected} data points${message}` : undefined;
    if (rejected === 0 && message !== '') {
      options.onWarning?.(message.slice(2));
    }
    return true;
  }
  if (outcome !== 'bad_content') {
    delivery.problem ??= problem;
    delivery.lost += points;
    return false;
  }
  if (parts.length === 1) {
    delivery.problem ??= `${problem} to the metrics of ${parts[0]!.what}`;
    delivery.rejected += points;
    return true;
  }
  // Split in halves, so that one bad sandbox costs few requests, and the others lose nothing.
  return deliverAll(await splitBatch(batch, options), delivery, options);
}

async function postUntilDeadline(
  { body }: PackedBatch,
  delivery: Delivery,
  { poster, signal, wait, random, onQuiet, onTrouble }: DeliverOptions,
): Promise<PostResponse> {
  let last: PostResponse = {
    outcome: 'retry',
    body: Buffer.alloc(0),
    retryAfterMs: undefined,
    problem: 'no time was left',
  };
  try {
    for (let attempt = 0; ; attempt++) {
      last = await poster.post(body, signal);
      if (last.outcome !== 'retry') {
        return last;
      }
      if (last.retryAfterMs !== undefined) {
        onQuiet?.(last.retryAfterMs);
      }
      if (attempt + 1 === FAILURES_TO_REPORT) {
        onTrouble?.(last.problem);
      }
      // Jitter, so that the monitors of a cluster do not come all at once.
      const backOffMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + 0.5 * random());
      // An endpoint that says "at once" again and again gets no more requests than one that says nothing.
      await wait(Math.min(MAX_TIMER_MS, Math.max(last.retryAfterMs ?? 0, backOffMs)), signal);
      delivery.retries++;
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
    return last;
  }
}

/** `message`: begins with a colon, or is empty. */
function readPartialSuccess(body: Buffer, encoder: Pick<RequestEncoder, 'readResponse'>): PartialSuccess {
  try {
    const { rejectedPoints, message } = encoder.readResponse(body);
    const text = toShown(message);
    return { rejectedPoints: Math.max(0, rejectedPoints || 0), message: text === '' ? '' : `: ${text}` };
  } catch {
    // Some endpoints respond with another body; the status says that they have taken everything.
    return { rejectedPoints: 0, message: '' };
  }
}
