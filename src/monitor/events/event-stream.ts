/**
 * Serves the events of the log to clients: those in the ring, and later ones as they come. Loaded for the first client.
 * While a client waits for kinds that only requests to the shims can find, the monitor collects, once for all clients of
 * the events and of /api/v1/stream. A client that does not read does not wait, so it causes no collection.
 */
import { hostname } from 'node:os';
import { needsPolling, type SandboxEvent, toCloudEvent } from '../../api/index.ts';
import type { EventLog, StoredEvent } from './event-log.ts';
import type { Collections, EventFilter, EventForm, EventsRequest, ServesEvents } from './serves-events.ts';

export interface EventStreamOptions {
  readonly log: EventLog;
  readonly collections: Collections;
  /** Default: of this machine. */
  readonly node?: string;
}

/** How long a client waits before it connects again. */
const RETRY_MS = 2000;
/** Shorter than the time after which proxies and firewalls close an idle connection. */
const KEEP_ALIVE_MS = 15_000;
/** Size of one write to a client. */
const PIECE_CHARS = 64 * 1024;
/** A client that has got an event waits again within this time, if it reads. */
const STOP_GRACE_MS = 200;

export class EventStream implements ServesEvents {
  readonly #log: EventLog;
  readonly #collections: Collections;
  readonly #node: string;
  /** Clients that wait for kinds that need collections. */
  #waiting = 0;
  #collecting: AbortController | undefined;
  #stopTimer: NodeJS.Timeout | undefined;

  constructor({ log, collections, node = hostname() }: EventStreamOptions) {
    this.#log = log;
    this.#collections = collections;
    this.#node = node;
  }

  async *stream({
    filter,
    form,
    lastEventId,
    isFollowing,
    signal,
  }: EventsRequest & { readonly isFollowing: boolean }): AsyncGenerator<Buffer> {
    const log = this.#log;
    const resumed = this.#resume(lastEventId);
    let { position } = resumed;
    yield Buffer.from(`retry: ${RETRY_MS}\n\n${resumed.gap === undefined ? '' : this.#toMessage(resumed.gap, form)}`);
    while (!signal.aborted) {
      const { events, missed } = log.after(position, PIECE_CHARS);
      const [first] = events;
      if (first !== undefined) {
        const gap = missed === 0 ? '' : this.#toMessage(this.#gapBefore(first, missed), form);
        const chosen = events.filter((event) => matches(event, filter));
        position = events.at(-1)!.number;
        const text = gap + chosen.map((event) => this.#toMessage(event, form)).join('');
        if (text !== '') {
          yield Buffer.from(text);
        }
      } else if (!isFollowing || log.isClosed) {
        return;
      } else {
        await this.#wait(position, filter, signal);
        if (log.last === position && !log.isClosed && !signal.aborted) {
          // Without data: a client does not see it, but continues from there.
          yield Buffer.from(`: keep-alive\nid: ${log.idOf(position)}\n\n`);
        }
      }
    }
  }

  async list({ filter, form, lastEventId, signal }: EventsRequest): Promise<string> {
    if (filter.kinds.size === 0 || needsPolling(filter.kinds)) {
      await this.#collections.nextCollection(0, signal);
    }
    const { position, gap } = this.#resume(lastEventId);
    const { events, missed } = this.#log.after(position);
    const chosen = events.filter((event) => matches(event, filter));
    const gaps = missed > 0 ? [this.#gapBefore(events[0]!, missed)] : [];
    const all = [gap ?? [], gaps, chosen].flat().map((event) => this.#encode(event, form));
    const lastId = JSON.stringify(this.#log.idOf(this.#log.last));
    return form === 'cloudevents' ? `[${all.join(',')}]` : `{"events":[${all.join(',')}],"lastEventId":${lastId}}`;
  }

  /** The position to continue from; with a gap for an id that this log does not have. */
  #resume(lastEventId: string | undefined): { readonly position: number; readonly gap?: StoredEvent } {
    if (lastEventId === undefined || lastEventId === '') {
      return { position: 0 };
    }
    const position = this.#log.numberOf(lastEventId);
    if (position !== undefined) {
      return { position };
    }
    const message = 'The monitor was restarted, or the id is not one of its events';
    return { position: 0, gap: this.#makeGap(0, { reason: 'restart', message, count: null }) };
  }

  #gapBefore({ number }: StoredEvent, missed: number): StoredEvent {
    const message = `${missed} events are not kept any more`;
    return this.#makeGap(number - 1, { reason: 'overflow', message, count: missed });
  }

  #makeGap(number: number, fields: Pick<SandboxEvent, 'count' | 'message' | 'reason'>): StoredEvent {
    const event: SandboxEvent = {
      id: this.#log.idOf(number),
      kind: 'gap',
      timeSeconds: Math.round(Date.now()) / 1000,
      sandbox: null,
      namespace: null,
      pod: null,
      uid: null,
      root: null,
      state: null,
      restarts: 0,
      suppressed: 0,
      totals: null,
      ...fields,
    };
    return { number, kind: 'gap', sandbox: null, namespace: null, pod: null, json: JSON.stringify(event) };
  }

  #toMessage(event: StoredEvent, form: EventForm): string {
    return `id: ${this.#log.idOf(event.number)}\ndata: ${this.#encode(event, form)}\n\n`;
  }

  #encode({ json }: StoredEvent, form: EventForm): string {
    return form === 'json' ? json : JSON.stringify(toCloudEvent(JSON.parse(json) as SandboxEvent, this.#node));
  }

  async #wait(position: number, filter: EventFilter, signal: AbortSignal): Promise<void> {
    const isPolling = filter.kinds.size === 0 || needsPolling(filter.kinds);
    this.#waiting += isPolling ? 1 : 0;
    this.#startOrStop();
    try {
      await this.#log.next(position, signal, KEEP_ALIVE_MS);
    } finally {
      this.#waiting -= isPolling ? 1 : 0;
      this.#startOrStop();
    }
  }

  #startOrStop(): void {
    clearTimeout(this.#stopTimer);
    this.#stopTimer = undefined;
    if (this.#waiting > 0 && this.#collecting === undefined) {
      this.#collecting = new AbortController();
      void this.#collect(this.#collecting.signal);
    } else if (this.#waiting === 0 && this.#collecting !== undefined) {
      this.#stopTimer = setTimeout(() => {
        this.#collecting?.abort(new Error('No client waits for events'));
        this.#collecting = undefined;
      }, STOP_GRACE_MS).unref();
    }
  }

  async #collect(signal: AbortSignal): Promise<void> {
    let number: number | undefined = 0;
    while (number !== undefined && !signal.aborted) {
      number = await this.#collections.nextCollection(number, signal);
    }
  }
}

function matches(event: StoredEvent, { kinds, namespaces, pods, sandboxes }: EventFilter): boolean {
  const isIn = (values: ReadonlySet<string>, value: string | null): boolean =>
    values.size === 0 || (value !== null && values.has(value));
  return (
    isIn(kinds, event.kind) &&
    isIn(namespaces, event.namespace) &&
    isIn(pods, event.pod) &&
    isIn(sandboxes, event.sandbox)
  );
}
