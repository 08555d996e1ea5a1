/**
 * Finds the pods of sandboxes. The caller decides which sandboxes exist; the container manager adds what it knows of
 * them, immediately or later. A result is kept as long as the sandbox exists, even if the container manager is gone.
 */
import type { Clock } from '../program/index.ts';
import type { CriPod } from './cri-types.ts';

export interface PodDirectoryOptions {
  /** The pod of one sandbox, or all pods; rejects when the container manager does not respond. */
  readonly listPods: (sandboxId?: string) => Promise<readonly CriPod[]>;
  readonly clock: Clock;
  /** Called when the pod of a sandbox is found. */
  readonly onFound?: (pod: CriPod) => void;
}

/**
 * Pauses between the attempts to find the pod of a sandbox; if the last one fails, the sandbox has no pod. Container
 * managers list a pod when its virtual machine has booted, usually seconds after its directory was created.
 */
const BACK_OFF_MS = [250, 1000, 4000, 25_000] as const;
/** How often unknown sandboxes are looked up again. */
export const MAX_TRIES = BACK_OFF_MS.length + 1;
/** Up to this number, pods are requested one by one; for more, one list of all pods is less work on both sides. */
const MAX_SINGLE_LOOKUPS = 4;

interface Entry {
  pod: CriPod | undefined;
  tries: number;
  /** When it is to be looked up next, as the clock counts. */
  dueMs: number;
}

/** The pods of the sandboxes that the caller has added. */
export class PodDirectory {
  readonly #options: PodDirectoryOptions;
  readonly #entries = new Map<string, Entry>();
  #isLooking = false;
  /** The container manager did not respond: no sandbox is looked up before `retry`. */
  #isWaiting = false;
  #cancelTimer: (() => void) | undefined = undefined;
  #isClosed = false;

  constructor(options: PodDirectoryOptions) {
    this.#options = options;
  }

  /** The pod of a sandbox, where it is known. */
  find(sandboxId: string): CriPod | undefined {
    return this.#entries.get(sandboxId)?.pod;
  }

  /** Takes the sandboxes that are there now: forgets those that are gone, and looks up those that are new. */
  setSandboxes(sandboxIds: Iterable<string>): void {
    const present = new Set(sandboxIds);
    for (const id of this.#entries.keys()) {
      if (!present.has(id)) {
        this.#entries.delete(id);
      }
    }
    let hasNew = false;
    for (const id of present) {
      if (!this.#entries.has(id)) {
        this.#entries.set(id, { pod: undefined, tries: 0, dueMs: this.#options.clock.nowMs() });
        hasNew = true;
      }
    }
    if (hasNew) {
      void this.#look();
    }
  }

  /** The container manager responds again. */
  retry(): void {
    this.#isWaiting = false;
    void this.#look();
  }

  /** Stops looking up pods. Known pods stay. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  /** Looks up the sandboxes that are due until none is, and schedules the next look-up. Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking) {
      return;
    }
    this.#isLooking = true;
    this.#cancelTimer?.();
    while (!this.#isClosed && !this.#isWaiting) {
      const due = this.#due();
      if (due.length === 0) {
        break;
      }
      await this.#lookUp(due);
    }
    this.#isLooking = false;
    this.#schedule();
  }

  async #lookUp(due: readonly string[]): Promise<void> {
    const { listPods, clock } = this.#options;
    try {
      const isFew = due.length <= MAX_SINGLE_LOOKUPS;
      const lists = await Promise.all(isFew ? due.map((id) => listPods(id)) : [listPods()]);
      this.#note(lists.flat());
    } catch {
      // The caller learns of it and calls `retry`. It was no try: the manager has not responded that it lacks these pods.
      this.#isWaiting = true;
      return;
    }
    for (const id of due) {
      const entry = this.#entries.get(id);
      if (entry !== undefined && entry.pod === undefined) {
        const waitMs = BACK_OFF_MS[entry.tries++] ?? Number.POSITIVE_INFINITY;
        entry.dueMs = clock.nowMs() + waitMs;
      }
    }
  }

  #note(pods: readonly CriPod[]): void {
    for (const pod of pods) {
      const entry = this.#entries.get(pod.id);
      if (entry !== undefined) {
        const isNew = entry.pod === undefined;
        entry.pod = pod;
        if (isNew) {
          this.#options.onFound?.(pod);
        }
      }
    }
  }

  #due(): string[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#entries].filter(([, { pod, dueMs }]) => pod === undefined && dueMs <= nowMs).map(([id]) => id);
  }

  #schedule(): void {
    if (this.#isClosed || this.#isWaiting) {
      return;
    }
    const unknown = [...this.#entries.values()].filter(({ pod }) => pod === undefined);
    const nextMs = Math.min(...unknown.map(({ dueMs }) => dueMs));
    if (nextMs < Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#options.clock.after(
        Math.max(0, nextMs - this.#options.clock.nowMs()),
        () => void this.#look(),
      );
    }
  }
}
