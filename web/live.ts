/**
 * The connection to the stream of the monitor: only while the page is visible, so that a hidden page costs nothing.
 * Passes each event to the history, and notifies the page of changes.
 */
import type { Problem, SandboxDetail, Snapshot } from '../src/api/index.ts';
import { History } from './history.ts';

/** After a refusal, such as by too many clients, the browser does not connect again by itself. */
const RETRY_MS = 5000;
/**
 * Without an event for this long after the usual time, the monitor has stopped or the network has lost the connection without
 * an error. A collection takes 10 s at most, unless --scrape-timeout is longer.
 */
const SILENCE_MS = 15_000;

export interface LiveState {
  /** Counts the changes. */
  readonly version: number;
  /** Since when there is no connection, by the clock of this browser; undefined while there is one. */
  readonly lostSince: Date | undefined;
  readonly problem: string | undefined;
  readonly detail: SandboxDetail | undefined;
}

export class Live {
  readonly history = new History();
  state: LiveState = { version: 0, lostSince: undefined, problem: undefined, detail: undefined };
  #source: EventSource | undefined;
  #sandboxId: string | undefined;
  #retry: number | undefined;
  #silence: number | undefined;
  /** When the last event arrived, or the page was opened. */
  #heard = new Date();
  /** Between the last two events. */
  #gapMs = 0;
  /** Events that have arrived and are not read yet. */
  readonly #arrived: (() => void)[] = [];
  #frame: number | undefined;
  readonly #listeners = new Set<() => void>();

  constructor() {
    document.addEventListener('visibilitychange', () => this.#connect());
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** CPUs that the monitor used between the last two snapshots. */
  monitorCores(): number | undefined {
    return this.history.monitorCores;
  }

  /** Connects; with the details of a sandbox, if there is an id. */
  watch(sandboxId: string | undefined): void {
    if (this.#source === undefined || sandboxId !== this.#sandboxId) {
      this.#sandboxId = sandboxId;
      this.#change({ detail: undefined });
      this.#connect();
    }
  }

  #connect(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = undefined;
    if (document.hidden) {
      return;
    }
    this.#silence = window.setTimeout(() => this.#reportSilence(), SILENCE_MS);
    const query = this.#sandboxId === undefined ? '' : `?sandbox=${encodeURIComponent(this.#sandboxId)}`;
    const source = new EventSource(`api/v1/stream${query}`);
    this.#source = source;
    this.#on(source, 'snapshot', (snapshot: Snapshot) => {
      this.history.add(snapshot);
      this.#change({ lostSince: undefined, problem: undefined });
    });
    this.#on(source, 'sandbox', (detail: SandboxDetail) => {
      this.history.addDetail(detail);
      this.#change({ detail });
    });
    this.#on(source, 'problem', ({ detail }: Problem) => this.#change({ problem: detail }));
    source.addEventListener('error', () => {
      this.#change({ lostSince: this.state.lostSince ?? new Date() });
      clearTimeout(this.#silence);
      if (source.readyState === EventSource.CLOSED) {
        this.#retry = window.setTimeout(() => this.#connect(), RETRY_MS);
      }
    });
  }

  /** Reads one event per frame: with many sandboxes its text alone takes most of the frame in which it arrives. */
  #on<T>(source: EventSource, type: string, read: (value: T) => void): void {
    source.addEventListener(type, ({ data }: MessageEvent<string>) => {
      const now = new Date();
      this.#gapMs = now.getTime() - this.#heard.getTime();
      this.#heard = now;
      clearTimeout(this.#silence);
      this.#silence = window.setTimeout(() => this.#reportSilence(), SILENCE_MS + Math.min(SILENCE_MS, this.#gapMs));
      this.#arrived.push(() => {
        if (source === this.#source) {
          read(JSON.parse(data) as T);
        }
      });
      this.#frame ??= requestAnimationFrame(() => this.#readNext());
    });
  }

  #reportSilence(): void {
    this.#change({ lostSince: this.state.lostSince ?? this.#heard });
    this.#connect();
  }

  #readNext(): void {
    const read = this.#arrived.shift();
    this.#frame = this.#arrived.length === 0 ? undefined : requestAnimationFrame(() => this.#readNext());
    read?.();
  }

  #change(part: Partial<Omit<LiveState, 'version'>>): void {
    this.state = { ...this.state, ...part, version: this.state.version + 1 };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
