/**
 * What the monitor knows about sandboxes that vanish: their pods and the values of their last scrape. Completes the last
 * words that a shim has left, and creates those of a sandbox whose shim leaves none. Reads no file.
 */
import { uptime } from 'node:os';
import type { SandboxLabels } from '../../cri/index.ts';
import { type FinalValues, type LastWords, toValues } from '../../last-words/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { FinalSandbox } from './final-sandbox.ts';
import { type LastScrape, LastScrapes } from './last-scrapes.ts';
import type { PodCgroupValues } from './pod-cgroup.ts';

/** The pod of a sandbox, from the container manager. */
export interface PodOfSandbox {
  readonly labels: SandboxLabels;
  /** Empty where it is not known. */
  readonly runtimeHandler: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number | undefined;
}

/** A sandbox that has ended, before it is known to be a new one. */
export interface Ended extends Omit<FinalSandbox, 'sequence'> {
  /** When it was seen to live, milliseconds since 1970: it has not ended before. */
  readonly aliveMs: number;
}

/** Now: milliseconds since 1970, and of a clock that is never set. */
export interface Now {
  readonly wallMs: number;
  readonly steadyMs: number;
}

interface Vanished {
  readonly sandbox: Sandbox;
  readonly pod: PodOfSandbox;
  readonly lastScrape: LastScrape | undefined;
  readonly at: Now;
  /** Values of the cgroup of the pod, as soon as it was read. */
  host: PodCgroupValues;
}

/** A shim writes before its directory vanishes, and the guard of one that was killed soon after. */
const WITHOUT_WORDS_MS = 3000;
/** Minimum time until the next look for last words that are late. */
const LOOK_MS = 1000;
/**
 * Time for which a sandbox that has left its words is remembered. Its directory vanishes within moments, but that of a
 * shim that was killed may stay, and is then listed.
 */
const KNOWN_MS = 60_000;

export class VanishedSandboxes {
  readonly lastScrapes = new LastScrapes();
  readonly #podOf: (sandboxId: string) => PodOfSandbox;
  readonly #isListed: (sandboxId: string) => boolean;
  readonly #vanished = new Map<string, Vanished>();
  /** When the words of a sandbox were taken that has not vanished yet, in milliseconds of a clock that is never set. */
  readonly #completed = new Map<string, number>();

  constructor(podOf: (sandboxId: string) => PodOfSandbox, isListed: (sandboxId: string) => boolean) {
    this.#podOf = podOf;
    this.#isListed = isListed;
  }

  /** Returns those that have left no words so far. */
  note(vanished: readonly Sandbox[], now: Now): readonly { readonly id: string; readonly podUid: string }[] {
    const withoutWords: { readonly id: string; readonly podUid: string }[] = [];
    for (const sandbox of vanished) {
      if (!this.#completed.delete(sandbox.id)) {
        const pod = this.#podOf(sandbox.id);
        const lastScrape = this.lastScrapes.find(sandbox.id);
        this.#vanished.set(sandbox.id, { sandbox, pod, lastScrape, at: now, host: {} });
        withoutWords.push({ id: sandbox.id, podUid: pod.labels.cri_uid });
      }
      this.lastScrapes.forget(sandbox.id);
    }
    return withoutWords;
  }

  /** Adds what the cgroup of its pod has counted. */
  noteHost(sandboxId: string, host: PodCgroupValues): void {
    const vanished = this.#vanished.get(sandboxId);
    if (vanished !== undefined) {
      vanished.host = host;
    }
  }

  /** Notes that the directory of a sandbox vanishes, or has vanished, and that it continues without a shim. */
  noteDetached(sandboxId: string, now: Now): void {
    if (!this.#vanished.delete(sandboxId)) {
      this.#completed.set(sandboxId, now.steadyMs);
    }
  }

  complete(words: LastWords, now: Now): Ended {
    const { sandboxId } = words;
    const vanished = this.#vanished.get(sandboxId);
    if (!this.#vanished.delete(sandboxId)) {
      this.#completed.set(sandboxId, now.steadyMs);
    }
    const { labels, runtimeHandler } = vanished?.pod ?? this.#podOf(sandboxId);
    const lastScrape = vanished === undefined ? this.lastScrapes.find(sandboxId) : vanished.lastScrape;
    const isOfThis = lastScrape !== undefined && lastScrape.atMs >= words.startedMs;
    const { values } = check(isOfThis ? lastScrape.values : {}, words.startedMs, words.endedMs);
    return {
      labels: labels.cri_uid === '' && words.pod !== undefined ? toLabels(sandboxId, words.pod) : labels,
      runtimeHandler,
      words: { ...words, values: { ...values, ...words.values } },
      aliveMs: words.startedMs,
    };
  }

  /**
   * Removes and returns the sandboxes whose shim has left no words in time, and the time until the next one.
   * @param announcedIds sandboxes whose words are being written.
   */
  takeWithoutWords(
    { steadyMs }: Now,
    announcedIds: ReadonlySet<string>,
  ): { readonly ended: readonly Ended[]; readonly nextMs: number | undefined } {
    for (const [id, atMs] of this.#completed) {
      if (steadyMs - atMs > KNOWN_MS && !this.#isListed(id)) {
        this.#completed.delete(id);
      }
    }
    const over = [...this.#vanished.values()].filter(
      ({ sandbox, at }) => steadyMs - at.steadyMs >= WITHOUT_WORDS_MS && !announcedIds.has(sandbox.id),
    );
    for (const { sandbox } of over) {
      this.#vanished.delete(sandbox.id);
    }
    const [next] = this.#vanished.values();
    return {
      ended: over.map(withoutWords),
      nextMs: next === undefined ? undefined : Math.max(LOOK_MS, WITHOUT_WORDS_MS - (steadyMs - next.at.steadyMs)),
    };
  }
}

function withoutWords({ sandbox, pod, lastScrape, at, host }: Vanished): Ended {
  const atMs = at.wallMs;
  const startedMs = Math.min(pod.createdMs ?? sandbox.firstSeenMs, atMs);
  const { hostCpuSeconds } = lastScrape?.values ?? {};
  const all = {
    ...lastScrape?.values,
    ...host,
    // Each may lack processes: the last scrape those since, the cgroup of the pod those that the runtime keeps elsewhere.
    ...((host.hostCpuSeconds ?? hostCpuSeconds) !== undefined && {
      hostCpuSeconds: Math.max(host.hostCpuSeconds ?? 0, hostCpuSeconds ?? 0),
    }),
  };
  // The monitor may have seen it late: the machine's own uptime limits what it can have used.
  const { values } = check(all, atMs - uptime() * 1000, atMs);
  const words: LastWords = {
    sandboxId: sandbox.id,
    epoch: startedMs.toString(36).replace(/\W.*/, ''),
    reason: 'unknown',
    message: '',
    startedMs,
    endedMs: atMs,
    pod: undefined,
    values,
  };
  // Without a scrape, its directory may be one that a shim has left.
  return { labels: pod.labels, runtimeHandler: pod.runtimeHandler, words, aliveMs: lastScrape?.atMs ?? 0 };
}

function check(values: FinalValues, startedMs: number, endedMs: number) {
  const faults: string[] = [];
  return { values: toValues(values, (endedMs - startedMs) / 1000, faults), faults };
}

function toLabels(sandboxId: string, { uid, name, namespace }: NonNullable<LastWords['pod']>): SandboxLabels {
  return { sandbox_id: sandboxId, cri_uid: uid, cri_name: name, cri_namespace: namespace };
}
