/**
 * Finds the container manager among its possible sockets, and reconnects when it is gone. All callers share this link.
 * Loads nothing as long as no socket exists.
 */
import { stat as statWithCallback } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Clock } from '../program/index.ts';
import type { CriClient } from './cri-client.ts';
import { CriError, isResponse } from './cri-error.ts';
import type { CriVersion } from './cri-types.ts';

export type CriState =
  | { readonly kind: 'up'; readonly socketPath: string; readonly version: CriVersion }
  /** `problem` says why, for people; of the last socket that was there. */
  | { readonly kind: 'down'; readonly problem: string };

export interface CriLinkOptions {
  /** Absolute paths, tried in this order. */
  readonly socketPaths: readonly string[];
  readonly clock: Clock;
  /** Milliseconds for one call, where the caller has no less. Default 2000. */
  readonly callTimeoutMs?: number;
  /** Told of each change. */
  readonly onState?: (state: CriState, before: CriState | undefined) => void;
}

export interface CriUse {
  readonly client: CriClient;
  readonly timeoutMs: number;
}

// Not the one of node:fs/promises, which costs a monitor that uses nothing else of it 0.3 MiB.
const stat = promisify(statWithCallback);

/** A container manager responds within milliseconds. Only the look-up itself waits for this. */
const DEFAULT_CALL_TIMEOUT_MS = 2000;
/** A restart takes seconds, so the first tries come soon; then every minute until one responds. */
const RETRY_DELAYS_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000] as const;
/** A check younger than this is not repeated: several servers may scrape at the same time. */
const CHECK_AFTER_MS = 1_000;
/** A container manager responds within milliseconds. A scrape waits no longer than this for one that does not. */
const MAX_CHECK_WAIT_MS = 250;

/** The connection to the container manager. A program has one, and closes it at the end. */
export class CriLink {
  readonly #options: CriLinkOptions;
  readonly #timeoutMs: number;
  #state: CriState | undefined = undefined;
  #client: CriClient | undefined = undefined;
  #connecting: Promise<void> | undefined = undefined;
  #failures = 0;
  /** When the state was found out last. */
  #checkedMs = 0;
  #cancelRetry: (() => void) | undefined = undefined;
  #isClosed = false;

  constructor(options: CriLinkOptions) {
    this.#options = options;
    this.#timeoutMs = options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
  }

  /** Undefined until the first look is over. */
  get state(): CriState | undefined {
    return this.#state;
  }

  /** Looks for the container manager; resolves when one has responded, or none has. Never rejects. */
  connect(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /**
   * Calls the container manager. One that does not respond counts as down, and is looked for again.
   * @throws {CriError} `unreachable` when there is none.
   */
  async use<T>(work: (use: CriUse) => Promise<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    const client = this.#client;
    if (client === undefined) {
      const state = this.#state;
      throw new CriError(
        'unreachable',
        state?.kind === 'down' ? state.problem : 'No container manager has been found yet',
      );
    }
    try {
      const result = await work({ client, timeoutMs });
      this.#checkedMs = this.#options.clock.nowMs();
      return result;
    } catch (error) {
      if (error instanceof CriError && !isResponse(error) && client === this.#client) {
        this.#lose(error);
      }
      throw error;
    }
  }

  /**
   * Finds out whether the container manager is there now, so that a scrape reports what is true. Resolves when that is
   * known, or after a moment; then the next check has the result. Never rejects.
   */
  async check(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    if (this.#isClosed || nowMs - this.#checkedMs < CHECK_AFTER_MS) {
      return;
    }
    this.#checkedMs = nowMs;
    const checked = this.#client === undefined ? this.connect() : this.#renewVersion();
    await Promise.race([checked, sleep(MAX_CHECK_WAIT_MS, undefined, { ref: false })]);
  }

  async #renewVersion(): Promise<void> {
    try {
      this.#renew(await this.use(({ client, timeoutMs }) => client.version({ timeoutMs })));
    } catch {
      // The state tells it.
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#client?.close();
    this.#client = undefined;
  }

  async #connect(): Promise<void> {
    if (this.#client !== undefined) {
      return;
    }
    let problem = `No container manager listens on ${this.#options.socketPaths.join(', ')}`;
    for (const socketPath of this.#options.socketPaths) {
      if (!(await isSocket(socketPath))) {
        continue;
      }
      try {
        await this.#tryOne(socketPath);
        return;
      } catch (error) {
        problem = `${socketPath}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    this.#fail(problem);
  }

  async #tryOne(socketPath: string): Promise<void> {
    const { CriClient } = await import('./cri-client.ts');
    const client = new CriClient(socketPath);
    try {
      const version = await client.version({ timeoutMs: this.#timeoutMs });
      if (this.#isClosed) {
        throw new CriError('unreachable', 'The link is closed');
      }
      this.#client = client;
      this.#failures = 0;
      this.#checkedMs = this.#options.clock.nowMs();
      this.#setState({ kind: 'up', socketPath, version });
    } catch (error) {
      client.close();
      throw error;
    }
  }

  #renew(version: CriVersion): void {
    if (this.#state?.kind === 'up') {
      this.#state = { ...this.#state, version };
    }
  }

  #lose(error: CriError): void {
    this.#client?.close();
    this.#client = undefined;
    this.#fail(error.message);
  }

  #fail(problem: string): void {
    if (this.#isClosed) {
      return;
    }
    const delayMs = RETRY_DELAYS_MS[Math.min(this.#failures++, RETRY_DELAYS_MS.length - 1)]!;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(delayMs, () => void this.connect());
    this.#setState({ kind: 'down', problem });
  }

  #setState(state: CriState): void {
    const before = this.#state;
    this.#state = state;
    const isNews =
      state.kind !== before?.kind ||
      (state.kind === 'down' && before.kind === 'down' && state.problem !== before.problem);
    if (isNews) {
      this.#options.onState?.(state, before);
    }
  }
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isSocket();
  } catch {
    // It does not exist, or this process may not use it: try the next one.
    return false;
  }
}
