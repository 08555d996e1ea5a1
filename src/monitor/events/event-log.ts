/**
 * The events of sandboxes that the monitor keeps: a ring with limits, and the clients that wait for the next one. Adds an
 * id to each event. A sandbox that causes too many events in a short time does not displace those of others.
 */
import type { EventKind, SandboxEvent } from '../../api/index.ts';
import { type Clock, orAborted, randomEpoch, systemClock } from '../../program/index.ts';
import { EventAllowance } from './event-allowance.ts';

/** An event before it has a position. */
export type NewEvent = Omit<SandboxEvent, 'id' | 'suppressed'>;

/** An event in the ring: encoded once, for all clients. */
export interface StoredEvent {
  /** Larger by 1 than that of the event before. */
  readonly number: number;
  readonly kind: EventKind;
  readonly sandbox: string | null;
  readonly namespace: string | null;
  readonly pod: string | null;
  /** A SandboxEvent, without line ends. */
  readonly json: string;
}

export interface EventLogOptions {
  /** Maximum number of events in the ring. The last event is kept in any case. */
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly clock?: Clock;
  /** Distinguishes the ids of this process from those before a restart. Default: random. */
  readonly epoch?: string;
}

export interface EventsAfter {
  readonly events: readonly StoredEvent[];
  /** Number of events between that position and the first of `events`, which are not in the ring any more. */
  readonly missed: number;
}

/** Memory of a string in V8, in addition to its characters. */
const STORED_BYTES = 160;
/** Longer texts are cut, and end with three dots. Half of a character is not left: some parsers of JSON reject the whole event. */
const MAX_TEXT_CHARS = 1024;

export class EventLog {
  readonly epoch: string;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #allowance: EventAllowance<NewEvent>;
  readonly #wakers = new Set<() => void>();
  /** The ring begins at `#head`; events before it are dropped from time to time. */
  #stored: (StoredEvent | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #last = 0;
  #isClosed = false;

  constructor({ maxEvents, maxBytes, clock = systemClock, epoch = randomEpoch() }: EventLogOptions) {
    this.epoch = epoch;
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#allowance = new EventAllowance({ clock, release: (event, suppressed) => this.#store(event, suppressed) });
  }

  /** The number of the last event; 0 if there was none. */
  get last(): number {
    return this.#last;
  }

  /** The id of the last event; undefined if there was none. */
  get lastId(): string | undefined {
    return this.#last === 0 ? undefined : this.idOf(this.#last);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Adds an event now or, if its sandbox has too many, later and in place of others. */
  add(event: NewEvent): void {
    if (!this.#isClosed) {
      this.#allowance.offer(event.sandbox ?? '', event);
    }
  }

  /** The events after a position, which is the number of an event, or 0: the first ones, up to a limit in characters. */
  after(number: number, maxChars = Number.POSITIVE_INFINITY): EventsAfter {
    const first = this.#last - (this.#stored.length - this.#head) + 1;
    const missed = Math.max(0, first - 1 - number);
    const events: StoredEvent[] = [];
    let chars = 0;
    for (let i = this.#head + Math.max(0, number + 1 - first); i < this.#stored.length && chars < maxChars; i++) {
      const event = this.#stored[i]!;
      events.push(event);
      chars += event.json.length;
    }
    return { events, missed };
  }

  idOf(number: number): string {
    return `${this.epoch}-${number}`;
  }

  /** The number in an id of this log; undefined for any other text. */
  numberOf(id: string): number | undefined {
    const [epoch, number = '', ...more] = id.split('-', 3);
    const isOurs = epoch === this.epoch && more.length === 0 && /^[0-9]{1,15}$/.test(number);
    return isOurs && Number(number) <= this.#last ? Number(number) : undefined;
  }

  /** Resolves when there is an event after this position, after a time, when the log is closed, or when the signal fires. */
  async next(number: number, signal: AbortSignal, timeoutMs: number): Promise<void> {
    if (this.#last > number || this.#isClosed || signal.aborted) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakers.add(resolve);
    const cancel = this.#clock.after(timeoutMs, resolve);
    try {
      await orAborted(promise, signal);
    } catch {
      // The caller looks at its signal.
    } finally {
      cancel();
      this.#wakers.delete(resolve);
    }
  }

  /** Ends all waiting clients, and accepts no further events. */
  close(): void {
    this.#isClosed = true;
    this.#allowance.close();
    this.#wake();
  }

  #store(event: NewEvent, suppressed: number): void {
    const number = ++this.#last;
    const { kind, sandbox, namespace, pod } = event;
    const message = event.message === null ? null : cutText(event.message);
    const json = JSON.stringify({ id: this.idOf(number), ...event, message, suppressed } satisfies SandboxEvent);
    this.#stored.push({ number, kind, sandbox, namespace, pod, json });
    this.#bytes += sizeOf(json);
    while (this.#stored.length - this.#head > 1 && this.#isOverLimit()) {
      this.#bytes -= sizeOf(this.#stored[this.#head]!.json);
      this.#stored[this.#head++] = undefined;
    }
    if (this.#head > this.#stored.length / 2) {
      this.#stored = this.#stored.slice(this.#head);
      this.#head = 0;
    }
    this.#wake();
  }

  #isOverLimit(): boolean {
    return this.#stored.length - this.#head > this.#maxEvents || this.#bytes > this.#maxBytes;
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) {
      wake();
    }
    this.#wakers.clear();
  }
}

function sizeOf(json: string): number {
  return STORED_BYTES + Buffer.byteLength(json);
}

function cutText(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS).toWellFormed()}...` : text;
}
