/**
 * What the monitor knows about sandboxes that vanish: their pods and the values of their last scrape. Completes the last
 * words that a shim has left, and makes some for a sandbox whose shim leaves none. Reads no file.
 */
import { uptime } from 'node:os';
import type { SandboxLabels } from '../../cri/index.ts';
import { type FinalValues, type LastWords, toValues } from '../../last-words/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { FinalSandbox } from './final-sandbox.ts';
import { type LastScrape, LastScrapes } from './last-scrapes.ts';

/** Of a sandbox, from the container manager. */
export interface PodOfSandbox {
  readonly labels: SandboxLabels;
  /** Empty where it is not known. */
  readonly runtimeHandler: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number | undefined;
}

type Ended = Omit<FinalSandbox, 'sequence'>;

interface Vanished {
  readonly sandbox: Sandbox;
  readonly pod: PodOfSandbox;
  readonly lastScrape: LastScrape | undefined;
  readonly atMs: number;
}

/** A shim writes before its directory vanishes, and the guard of one that was killed soon after. */
const WITHOUT_WORDS_MS = 3000;
/** For words that are late. */
const LOOK_MS = 1000;
/**
 * How long a sandbox is known to have left its words: its directory vanishes within moments. That of a shim that was killed may
 * stay, and is listed then.
 */
const KNOWN_MS = 60_000;

export class VanishedSandboxes {
  readonly lastScrapes = new LastScrapes();
  readonly #podOf: (sandboxId: string) => PodOfSandbox;
  readonly #isListed: (sandboxId: string) => boolean;
  readonly #vanished = new Map<string, Vanished>();
  /** When the words of a sandbox were taken that has not vanished yet. */
  readonly #completed = new Map<string, number>();

  constructor(podOf: (sandboxId: string) => PodOfSandbox, isListed: (sandboxId: string) => boolean) {
    this.#podOf = podOf;
    this.#isListed = isListed;
  }

  note(vanished: readonly Sandbox[], nowMs: number): void {
    for (const sandbox of vanished) {
      if (!this.#completed.delete(sandbox.id)) {
        const pod = this.#podOf(sandbox.id);
        this.#vanished.set(sandbox.id, { sandbox, pod, lastScrape: this.lastScrapes.find(sandbox.id), atMs: nowMs });
      }
      this.lastScrapes.forget(sandbox.id);
    }
  }

  complete(words: LastWords, nowMs: number): Ended {
    const { sandboxId } = words;
    const vanished = this.#vanished.get(sandboxId);
    if (!this.#vanished.delete(sandboxId)) {
      this.#completed.set(sandboxId, nowMs);
    }
    const { labels, runtimeHandler } = vanished?.pod ?? this.#podOf(sandboxId);
    const lastScrape = vanished === undefined ? this.lastScrapes.find(sandboxId) : vanished.lastScrape;
    const isOfThis = lastScrape !== undefined && lastScrape.atMs >= words.startedMs;
    const { values } = check(isOfThis ? lastScrape.values : {}, words.startedMs, words.endedMs);
    return {
      labels: labels.cri_uid === '' && words.pod !== undefined ? toLabels(sandboxId, words.pod) : labels,
      runtimeHandler,
      words: { ...words, values: { ...values, ...words.values } },
    };
  }

  /**
   * Those whose shim has left no words in time, and how long to wait for the next one.
   * @param announcedIds those whose words are being written.
   */
  takeWithoutWords(
    nowMs: number,
    announcedIds: ReadonlySet<string>,
  ): { readonly ended: readonly Ended[]; readonly nextMs: number | undefined } {
    for (const [id, atMs] of this.#completed) {
      if (nowMs - atMs > KNOWN_MS && !this.#isListed(id)) {
        this.#completed.delete(id);
      }
    }
    const over = [...this.#vanished.values()].filter(
      ({ sandbox, atMs }) => nowMs - atMs >= WITHOUT_WORDS_MS && !announcedIds.has(sandbox.id),
    );
    for (const { sandbox } of over) {
      this.#vanished.delete(sandbox.id);
    }
    const [next] = this.#vanished.values();
    return {
      ended: over.map(withoutWords),
      nextMs: next === undefined ? undefined : Math.max(LOOK_MS, WITHOUT_WORDS_MS - (nowMs - next.atMs)),
    };
  }
}

function withoutWords({ sandbox, pod, lastScrape, atMs }: Vanished): Ended {
  const startedMs = Math.min(pod.createdMs ?? sandbox.firstSeenMs, atMs);
  // The monitor may have seen it late: the machine's own uptime limits what it can have used.
  const { values } = check(lastScrape?.values ?? {}, atMs - uptime() * 1000, atMs);
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
  return { labels: pod.labels, runtimeHandler: pod.runtimeHandler, words };
}

function check(values: FinalValues, startedMs: number, endedMs: number) {
  const faults: string[] = [];
  return { values: toValues(values, (endedMs - startedMs) / 1000, faults), faults };
}

function toLabels(sandboxId: string, { uid, name, namespace }: NonNullable<LastWords['pod']>): SandboxLabels {
  return { sandbox_id: sandboxId, cri_uid: uid, cri_name: name, cri_namespace: namespace };
}
