/**
 * The connection to the stream of the monitor: only while the page is visible, so that a hidden page costs nothing. Gives
 * each event to the history, and tells the page when something has changed.
 */
import type { Problem, SandboxDetail, Snapshot } from '../src/api/index.ts';
import { History } from './history.ts';

/** After a refusal, such as by too many clients, the browser does not connect again by itself. */
const RETRY_MS = 5000;

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
    this.#source?.close();
    this.#source = undefined;
    if (document.hidden) {
      return;
    }
    const query = this.#sandboxId === undefined ? '' : `?sandbox=${encodeURIComponent(this.#sandboxId)}`;
    const source = new EventSource(`api/v1/stream${query}`);
    this.#source = source;
    source.addEventListener('snapshot', ({ data }: MessageEvent<string>) => {
      this.history.add(JSON.parse(data) as Snapshot);
      this.#change({ lostSince: undefined, problem: undefined });
    });
    source.addEventListener('sandbox', ({ data }: MessageEvent<string>) => {
      const detail = JSON.parse(data) as SandboxDetail;
      this.history.addDetail(detail);
      this.#change({ detail });
    });
    source.addEventListener('problem', ({ data }: MessageEvent<string>) => {
      this.#change({ problem: (JSON.parse(data) as Problem).detail });
    });
    source.addEventListener('error', () => {
      this.#change({ lostSince: this.state.lostSince ?? new Date() });
      if (source.readyState === EventSource.CLOSED) {
        this.#retry = window.setTimeout(() => this.#connect(), RETRY_MS);
      }
    });
  }

  #change(part: Partial<Omit<LiveState, 'version'>>): void {
    this.state = { ...this.state, ...part, version: this.state.version + 1 };
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
