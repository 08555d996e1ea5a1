/**
 * Finds the sandboxes of this node. The file system is authoritative: an inotify event or the periodic look, whichever is
 * first, causes a full look, and every scrape looks once more before its requests. Opens no socket and reads no sandbox.
 */
import { resolve } from 'node:path';
import { type Clock, orAborted, systemClock } from '../program/index.ts';
import { type RootLook, readRoot } from './read-root.ts';
import { RootWatch, type RootWatchState } from './root-watch.ts';
import { type Sandbox, sandboxIn } from './sandbox.ts';

export interface DiscoveryOptions {
  /** Directories that hold sandboxes; of two sandboxes with the same id, the one in the earlier root is taken. */
  readonly roots: readonly string[];
  /**
   * Milliseconds between two looks without an event. Default 5000: a scrape looks for itself, so this only limits how late
   * `firstSeenMs` is where inotify fails.
   */
  readonly lookIntervalMs?: number;
  readonly clock?: Clock;
  /** Maximum number of listed sandboxes: those that were there first, then the first by their ids. Default: no limit. */
  readonly maxSandboxes?: number;
  /** Called after a look that found a difference. */
  readonly onChange?: (change: DiscoveryChange) => void;
  /** Called when a root is first looked at, and when its state is another than `before`. */
  readonly onRootState?: (state: RootState, before: RootState | undefined) => void;
  /** Called when the number of sandboxes exceeds the limit, with the excess, and with 0 when it no longer does. */
  readonly onExcess?: (count: number) => void;
}

export interface DiscoveryChange {
  readonly appeared: readonly Sandbox[];
  readonly vanished: readonly Sandbox[];
}

/** How one root is doing. */
export interface RootState {
  readonly root: string;
  readonly look: RootLook['kind'];
  /** Why it is unreadable. */
  readonly code?: string;
  /** Undefined before `start`. */
  readonly watch: RootWatchState | undefined;
}

/** Events come in bursts: after a look, the next one for an event waits this long. */
const MIN_EVENT_GAP_MS = 100;

/** The sandboxes of the given roots. Watches until it is closed. */
export class Discovery {
  readonly #roots: readonly string[];
  readonly #lookIntervalMs: number;
  readonly #clock: Clock;
  readonly #onChange: DiscoveryOptions['onChange'];
  readonly #onRootState: DiscoveryOptions['onRootState'];
  readonly #onExcess: DiscoveryOptions['onExcess'];
  readonly #maxSandboxes: number;
  readonly #states = new Map<string, RootState>();
  readonly #watches = new Map<string, RootWatch>();
  #sandboxes: ReadonlyMap<string, Sandbox> = new Map();
  #list: readonly Sandbox[] = [];
  #excessCount = 0;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #lastLookMs = 0;
  #cancelPeriodic: (() => void) | undefined;
  #cancelEventLook: (() => void) | undefined;
  #isClosed = false;

  constructor(options: DiscoveryOptions) {
    this.#roots = [...new Set(options.roots.map((root) => resolve(root)))];
    this.#lookIntervalMs = options.lookIntervalMs ?? 5000;
    this.#clock = options.clock ?? systemClock;
    this.#onChange = options.onChange;
    this.#onRootState = options.onRootState;
    this.#onExcess = options.onExcess;
    this.#maxSandboxes = options.maxSandboxes ?? Number.POSITIVE_INFINITY;
  }

  /** Begins to watch, and to look now and then; resolves after the first look. */
  async start(): Promise<void> {
    for (const root of this.#roots) {
      this.#watches.set(root, new RootWatch(root, () => this.#takeEvent()));
    }
    await this.#lookPeriodically();
  }

  /**
   * The sandboxes that are there now: a look that began after this call, shared with all calls meanwhile.
   * @throws the signal's reason, when it fires first.
   */
  async refresh(signal?: AbortSignal): Promise<readonly Sandbox[]> {
    signal?.throwIfAborted();
    await orAborted(this.#lookAgain(), signal);
    return this.#list;
  }

  /** The sandboxes of the last look, by id, bytewise. */
  list(): readonly Sandbox[] {
    return this.#list;
  }

  /** How many more sandboxes there are than are listed. */
  get excessCount(): number {
    return this.#excessCount;
  }

  /** A sandbox of the last look. */
  find(id: string): Sandbox | undefined {
    return this.#sandboxes.get(id);
  }

  /** How the roots are doing, in their order; roots not looked at yet are not in it. */
  roots(): readonly RootState[] {
    return [...this.#states.values()];
  }

  /** Whether every root has been looked at at least once. */
  isEveryRootLookedAt(): boolean {
    return this.#roots.every((root) => this.#states.has(root));
  }

  /** Ends watching and looking. */
  close(): void {
    this.#isClosed = true;
    this.#cancelPeriodic?.();
    this.#cancelEventLook?.();
    for (const watch of this.#watches.values()) {
      watch.close();
    }
    this.#watches.clear();
  }

  async #lookPeriodically(): Promise<void> {
    await this.#lookAgain();
    if (!this.#isClosed) {
      this.#cancelPeriodic = this.#clock.after(this.#lookIntervalMs, () => void this.#lookPeriodically());
    }
  }

  #takeEvent(): void {
    if (this.#cancelEventLook === undefined && !this.#isClosed) {
      const sinceMs = this.#clock.nowMs() - this.#lastLookMs;
      const delayMs = Math.min(MIN_EVENT_GAP_MS, Math.max(0, MIN_EVENT_GAP_MS - sinceMs));
      this.#cancelEventLook = this.#clock.after(delayMs, () => {
        this.#cancelEventLook = undefined;
        void this.#lookAgain();
      });
    }
  }

  /** A look in progress may have passed what the caller means: so one after it, for all calls until it begins. */
  #lookAgain(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = this.#look();
      return this.#running;
    });
    return this.#next;
  }

  async #look(): Promise<void> {
    this.#lastLookMs = this.#clock.nowMs();
    const watchStates = this.#roots.map((root) => this.#watches.get(root)?.attach());
    const looks = await Promise.all(this.#roots.map((root) => readRoot(root)));
    const found = new Map<string, Sandbox>();
    this.#roots.forEach((root, i) => {
      const look = looks[i]!;
      this.#noteState(root, look, watchStates[i]);
      for (const sandbox of this.#sandboxesIn(root, look)) {
        if (!found.has(sandbox.id)) {
          found.set(sandbox.id, sandbox);
        }
      }
    });
    this.#replace(this.#withinBound(found));
  }

  #withinBound(found: ReadonlyMap<string, Sandbox>): ReadonlyMap<string, Sandbox> {
    const excessCount = Math.max(0, found.size - this.#maxSandboxes);
    if (excessCount > 0 !== this.#excessCount > 0 && !this.#isClosed) {
      this.#onExcess?.(excessCount);
    }
    this.#excessCount = excessCount;
    if (excessCount === 0) {
      return found;
    }
    const isKnown = (sandbox: Sandbox): boolean => this.#sandboxes.get(sandbox.id) === sandbox;
    const [known, others] = [[...found.values()].filter(isKnown), [...found.values()].filter((each) => !isKnown(each))];
    const kept = [...known, ...others.sort(byId)].slice(0, this.#maxSandboxes);
    return new Map(kept.map((sandbox) => [sandbox.id, sandbox]));
  }

  #sandboxesIn(root: string, look: RootLook): readonly Sandbox[] {
    if (look.kind === 'unreadable') {
      // A root that cannot be read is no reason to treat its running sandboxes as gone.
      return this.#list.filter((sandbox) => sandbox.root === root);
    }
    const ids = look.kind === 'read' ? look.ids : [];
    return ids.map((id) => {
      const known = this.#sandboxes.get(id);
      return known?.root === root ? known : sandboxIn(root, id, this.#lastLookMs);
    });
  }

  #replace(found: ReadonlyMap<string, Sandbox>): void {
    const appeared = [...found.values()].filter((sandbox) => this.#sandboxes.get(sandbox.id) !== sandbox);
    const vanished = this.#list.filter((sandbox) => found.get(sandbox.id) !== sandbox);
    if (appeared.length > 0 || vanished.length > 0) {
      this.#sandboxes = found;
      this.#list = [...found.values()].sort(byId);
      if (!this.#isClosed) {
        this.#onChange?.({ appeared, vanished });
      }
    }
  }

  #noteState(root: string, look: RootLook, watch: RootWatchState | undefined): void {
    const state: RootState = {
      root,
      look: look.kind,
      watch,
      ...(look.kind === 'unreadable' ? { code: look.code } : {}),
    };
    const before = this.#states.get(root);
    const isNews = JSON.stringify(state) !== JSON.stringify(before);
    if (isNews && !this.#isClosed) {
      this.#states.set(root, state);
      this.#onRootState?.(state, before);
    }
  }
}

/** Bytewise: ids are ASCII. */
function byId(a: Sandbox, b: Sandbox): number {
  return a.id < b.id ? -1 : 1;
}
