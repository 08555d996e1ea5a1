/**
 * The source of /api/v1/stream: collects periodically, but only while a client waits for the next event, and once for all
 * clients. Where a scrape has just read all sandboxes, the clients get that instead. A client that reads slowly waits less often, so it causes no collections and gets the latest event only.
 */
import type { Problem, SandboxDetail, Snapshot } from '../../api/index.ts';
import { orAborted, randomEpoch } from '../../program/index.ts';
import type { ReadEventsRequest, ReadsNode, StreamsNode } from './read-node.ts';

export interface SnapshotStreamOptions {
  readonly reader: ReadsNode;
  readonly timeoutMs: number;
  /** Time from the beginning of a collection to the beginning of the next one, at least. */
  readonly intervalMs: number;
  /** CPU time that this thread has used, in milliseconds. With it, collections that cost much are farther apart. */
  readonly cpuMs?: () => number;
  /** Called for a collection that failed. Returns what the clients get instead. */
  readonly onError: (error: unknown) => Problem;
}

/** Data of one collection for each client. */
interface Frame {
  readonly number: number;
  readonly startMs: number;
  /** Whether a scrape collected it. */
  readonly isOffered: boolean;
  /** The event for all clients, encoded once, when the first of them needs it. */
  readonly event: () => Buffer;
  /** Encoded details by sandbox, undefined for a sandbox that is gone. Has every id that a client requested in time. */
  readonly details: ReadonlyMap<string, Buffer | undefined>;
}

interface Waiter {
  readonly sandboxId: string | undefined;
  readonly resolve: (frame: Frame | undefined) => void;
}

/** How long a client waits before it connects again. */
const RETRY_MS = 2000;
/** Collections are this many times their CPU time in this thread apart. With V8's threads and what sending costs, a page stays below 5 % of a core. */
const INTERVAL_PER_CPU_TIME = 36;
/** Maximum time between two collections, whatever they cost, because a person waits for them. */
const MAX_INTERVAL_MS = 10_000;
/** Scrapes closer to the last event than this part of the interval are not offered: sending costs something too. */
const MIN_OFFER_SHARE = 0.5;
/** Scrapes that come as often as events may be a little late: clients wait for them this many times the interval. */
const OFFER_WAIT_SHARE = 1.5;
/** The cheapest one of these counts: others ran beside a scrape, or before the code was optimized. */
const COSTS = 3;

export class SnapshotStream implements StreamsNode {
  readonly #options: SnapshotStreamOptions;
  /** Distinguishes the ids of this process from those before a restart. */
  readonly #epoch = randomEpoch();
  readonly #waiters = new Set<Waiter>();
  #latest: Frame | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #collecting: AbortController | undefined = undefined;
  #count = 0;
  /** CPU time of the last collections. */
  #costsMs: readonly number[] = Array.from({ length: COSTS }, () => 0);
  #isClosed = false;

  constructor(options: SnapshotStreamOptions) {
    this.#options = options;
  }

  /** The encoded events for one client, until its signal fires or the stream is closed. Never throws. */
  async *events({ lastEventId, sandboxId, signal }: ReadEventsRequest): AsyncGenerator<Buffer> {
    let after = this.#numberOf(lastEventId);
    yield Buffer.from(`retry: ${RETRY_MS}\n\n`);
    while (!signal.aborted) {
      const frame = await this.#next(after, sandboxId, signal);
      if (frame === undefined) {
        return;
      }
      after = frame.number;
      yield frame.event();
      if (sandboxId !== undefined && frame.details.has(sandboxId)) {
        yield frame.details.get(sandboxId) ?? toEvent('gone', undefined, { id: sandboxId });
      }
    }
  }

  /**
   * Waits for a collection after the one with this number; 0: for one that is fresh. Causes it, like a client.
   * Returns its number, or undefined when the signal has fired or the stream is closed.
   */
  async nextCollection(after: number, signal: AbortSignal): Promise<number | undefined> {
    return (await this.#next(after, undefined, signal))?.number;
  }

  /**
   * Gives waiting clients the sandboxes that a scrape has just read, unless one of them waits for details, the last event is young, or a
   * collection has begun. `read` is called at once, or not at all. Never throws.
   */
  offer(read: () => Snapshot): void {
    const sinceMs = performance.now() - (this.#latest?.startMs ?? Number.NEGATIVE_INFINITY);
    const isYoung = sinceMs < this.#options.intervalMs * MIN_OFFER_SHARE;
    if (this.#timer === undefined || isYoung || [...this.#waiters].some(({ sandboxId }) => sandboxId !== undefined)) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const number = ++this.#count;
    const startMs = performance.now();
    try {
      this.#publish({ number, startMs, isOffered: true, ...this.#encode(number, read(), new Map(), new Set()) });
    } catch (error) {
      // Never the scrape's: it would fail for what only pages read.
      this.#publishProblem(number, startMs, error);
    }
  }

  /** Ends the events of all clients. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#collecting?.abort(new Error('The monitor is shutting down'));
    this.#finish(undefined);
  }

  /** Returns 0 for the id of another process, and for an invalid id. */
  #numberOf(eventId: string | undefined): number {
    const [epoch, number = ''] = eventId?.split('-') ?? [];
    return epoch === this.#epoch && /^[0-9]{1,15}$/.test(number) ? Number(number) : 0;
  }

  /** Undefined when the signal has fired or the stream is closed. */
  async #next(after: number, sandboxId: string | undefined, signal: AbortSignal): Promise<Frame | undefined> {
    const latest = this.#latest;
    const isFresh = latest !== undefined && performance.now() - latest.startMs < this.#intervalMs();
    const hasDetail = sandboxId === undefined || latest?.details.has(sandboxId) === true;
    if (isFresh && latest.number > after && hasDetail) {
      return latest;
    }
    if (this.#isClosed) {
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<Frame | undefined>();
    const waiter = { sandboxId, resolve };
    this.#waiters.add(waiter);
    this.#schedule();
    try {
      return await orAborted(promise, signal);
    } catch {
      return undefined;
    } finally {
      this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) {
        this.#rest();
      }
    }
  }

  #schedule(): void {
    if (this.#timer === undefined && this.#collecting === undefined) {
      const intervalMs = this.#intervalMs() * (this.#latest?.isOffered === true ? OFFER_WAIT_SHARE : 1);
      const sinceMs = performance.now() - (this.#latest?.startMs ?? Number.NEGATIVE_INFINITY);
      this.#timer = setTimeout(() => void this.#collect(), Math.max(0, intervalMs - sinceMs));
    }
  }

  #intervalMs(): number {
    const { intervalMs } = this.#options;
    return Math.max(intervalMs, Math.min(MAX_INTERVAL_MS, Math.min(...this.#costsMs) * INTERVAL_PER_CPU_TIME));
  }

  /** No client waits: nothing is collected for none. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#collecting?.abort(new Error('No client waits for the stream'));
  }

  async #collect(): Promise<void> {
    this.#timer = undefined;
    const collecting = new AbortController();
    this.#collecting = collecting;
    const startMs = performance.now();
    const detailIds = new Set([...this.#waiters].flatMap(({ sandboxId }) => sandboxId ?? []));
    const number = ++this.#count;
    const { reader, timeoutMs, cpuMs = () => 0 } = this.#options;
    const startCpuMs = cpuMs();
    try {
      const { snapshot, details } = await reader.read({ timeoutMs, signal: collecting.signal, detailIds });
      this.#collecting = undefined;
      this.#costsMs = [...this.#costsMs.slice(1), cpuMs() - startCpuMs];
      this.#publish({ number, startMs, isOffered: false, ...this.#encode(number, snapshot, details, detailIds) });
    } catch (error) {
      this.#collecting = undefined;
      if (!collecting.signal.aborted) {
        this.#publishProblem(number, startMs, error);
      } else if (this.#waiters.size > 0 && !this.#isClosed) {
        // A client came while the collection for others was cancelled.
        this.#schedule();
      }
    }
  }

  #publishProblem(number: number, startMs: number, error: unknown): void {
    const event = toEvent('problem', this.#idOf(number), this.#options.onError(error));
    this.#publish({ number, startMs, isOffered: false, event: () => event, details: new Map() });
  }

  #publish(frame: Frame): void {
    this.#latest = frame;
    this.#finish(frame);
  }

  #finish(frame: Frame | undefined): void {
    for (const { resolve } of [...this.#waiters]) {
      resolve(frame);
    }
    this.#waiters.clear();
  }

  #encode(
    number: number,
    snapshot: Snapshot,
    details: ReadonlyMap<string, SandboxDetail>,
    detailIds: ReadonlySet<string>,
  ): Pick<Frame, 'details' | 'event'> {
    const encoded = [...detailIds].map((id) => {
      const detail = details.get(id);
      return [id, detail && toEvent('sandbox', undefined, detail)] as const;
    });
    let event: Buffer | undefined;
    return {
      event: () => {
        event ??= toEvent('snapshot', this.#idOf(number), snapshot);
        return event;
      },
      details: new Map(encoded),
    };
  }

  #idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }
}

/** JSON has no line ends, so that the data is one line. */
function toEvent(name: string, id: string | undefined, data: unknown): Buffer {
  return Buffer.from(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
}
