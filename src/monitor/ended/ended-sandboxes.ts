/**
 * The sandboxes of this node that have ended: reads their last words from the mailboxes, keeps their final values until
 * every scraper has read them, and sums them up. Reads the mailboxes when a scrape requests it and when a sandbox has
 * ended, not periodically.
 *
 * A sandbox is added to the totals once: its file is removed only when the state on disk contains it, with its path among
 * the finished ones. A monitor that was killed in between finds the path there and only removes the file.
 */
import { rmSync } from 'node:fs';
import {
  LastWordsError,
  listMailbox,
  type ParsedLastWords,
  readLastWords,
  takeRefusedCount,
} from '../../last-words/index.ts';
import { type Clock, systemClock } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { DropReason } from './drop-reason.ts';
import type { FinalSandbox } from './final-sandbox.ts';
import { KeptFinals } from './kept-finals.ts';
import { Mailboxes } from './mailboxes.ts';
import { PodCgroupReader } from './pod-cgroup.ts';
import { RecentEnds } from './recent-ends.ts';
import { Scrapers } from './scrapers.ts';
import { type EndedState, hasState, readState, writeLastState, writeState } from './state-file.ts';
import { type Total, Totals } from './totals.ts';
import { type Ended, type Now, type PodOfSandbox, VanishedSandboxes } from './vanished-sandboxes.ts';

export interface EndedLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EndedSandboxesOptions {
  readonly sandboxesRoots: readonly string[];
  /** Directory of the state. Default: a mailbox, which a reboot removes. */
  readonly stateDirectory: string | undefined;
  readonly podOf: (sandboxId: string) => PodOfSandbox;
  /** Whether discovery lists a sandbox now. */
  readonly isListed: (sandboxId: string) => boolean;
  readonly log: EndedLog;
  readonly clock?: Clock;
  /** Milliseconds of a clock that is never set. Default: `performance.now`. */
  readonly steadyMs?: () => number;
  /** Default: that of this machine. */
  readonly podCgroups?: Pick<PodCgroupReader, 'read'>;
}

/** What a response of /metrics reports about ended sandboxes. */
export interface EndedReport {
  /** When the totals began, milliseconds since 1970. */
  readonly createdMs: number;
  readonly totals: readonly Total[];
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** The next ones that this scraper has not read yet. */
  readonly finals: readonly FinalSandbox[];
  /** Called when the response with `finals` was sent completely. */
  seen(): void;
}

/** Events come in bursts: a look at the mailboxes for one waits this long. */
const LOOK_DELAY_MS = 1000;
/**
 * Sandboxes in one response; the others follow in the next. All that are kept would be 2.7 MB of text, and 29 MiB of memory for
 * a moment.
 */
const MAX_PER_RESPONSE = 100;
/** Files that are read without a pause. */
const STEP_FILES = 64;
/** Names of foreign files that are remembered, so that each is logged once. */
const MAX_REPORTED = 1000;

export class EndedSandboxes {
  readonly #options: EndedSandboxesOptions;
  readonly #clock: Clock;
  readonly #mailboxes: Mailboxes;
  readonly #vanished: VanishedSandboxes;
  readonly #totals = new Totals();
  readonly #kept = new KeptFinals();
  readonly #scrapers = new Scrapers();
  readonly #recent = new RecentEnds();
  readonly #steadyMs: () => number;
  readonly #podCgroups: Pick<PodCgroupReader, 'read'>;
  readonly #dropped = new Map<DropReason, number>();
  /** Paths of files that are in the totals, and may be there still. */
  readonly #consumed = new Set<string>();
  readonly #listeners = new Set<(final: FinalSandbox) => void>();
  readonly #reported = new Set<string>();
  #createdMs: number;
  #lastSequence = 0;
  #hasReadState = false;
  /** Whether the state on disk lacks something. */
  #isChanged = false;
  /** Whether a state is on its way to the disk. */
  #isWriting = false;
  /** Why the state could not be written the last time. */
  #persistProblem: string | undefined;
  #taking: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #cancelLook: (() => void) | undefined;
  #isClosed = false;

  constructor(options: EndedSandboxesOptions) {
    const { sandboxesRoots, stateDirectory, log, podOf, isListed } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#steadyMs = options.steadyMs ?? (() => performance.now());
    this.#podCgroups = options.podCgroups ?? new PodCgroupReader();
    this.#createdMs = this.#clock.nowMs();
    this.#vanished = new VanishedSandboxes(podOf, isListed);
    this.#mailboxes = new Mailboxes({
      roots: [...new Set(sandboxesRoots)],
      stateDirectory,
      hasState,
      onProblem: (problem) =>
        log.warn({ problem }, 'Final values of some ended sandboxes are not collected or not kept'),
    });
  }

  /** Calls `listener` for each sandbox that has ended, with its final values; returns how to stop that. */
  onFinal(listener: (final: FinalSandbox) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Records the results of a scrape of the whole node. */
  noteResults(results: readonly SandboxResult[]): void {
    this.#vanished.lastScrapes.note(results);
  }

  /** Called when discovery has found a difference, before the pods of vanished sandboxes are forgotten. */
  noteChange({ vanished }: { readonly vanished: readonly Sandbox[] }): void {
    for (const { id, podUid } of this.#vanished.note(vanished, this.#now())) {
      // At once: the kubelet removes it soon. With an earlier sandbox of the pod, it has counted both.
      if (podUid !== '' && !this.#recent.hasPod(podUid)) {
        void this.#podCgroups.read(podUid).then((values) => this.#vanished.noteHost(id, values));
      }
    }
    // Also for sandboxes that appeared: their root may be new, and without a mailbox.
    if (!this.#mailboxes.isEveryOneOpen) {
      void this.take();
    } else if (vanished.length > 0) {
      this.#lookLater(LOOK_DELAY_MS);
    }
  }

  /** Takes the last words that are there now; calls meanwhile share the next look. Never rejects. */
  take(): Promise<void> {
    this.#next ??= this.#taking.then(() => {
      this.#next = undefined;
      this.#taking = this.#take().catch((error: unknown) =>
        this.#options.log.warn({ problem: String(error) }, 'Cannot read the final values of ended sandboxes'),
      );
      return this.#taking;
    });
    return this.#next;
  }

  /** @param scraper identifies who requests it; undefined for a client that does not count as a scraper. */
  report(scraper: string | undefined): EndedReport {
    this.#isChanged ||= scraper !== undefined && !this.#scrapers.has(scraper);
    const seen = scraper === undefined ? 0 : this.#scrapers.begin(scraper, this.#steadyMs());
    const finals = this.#kept.after(seen, MAX_PER_RESPONSE);
    return {
      createdMs: this.#createdMs,
      totals: this.#totals.list(),
      dropped: this.#dropped,
      finals,
      seen: () => {
        const last = finals.at(-1);
        if (scraper !== undefined && last !== undefined) {
          // This change need not be stored: after a restart, a scraper may get the same values again.
          this.#scrapers.note(scraper, last.sequence);
        }
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    this.#persistLast();
    this.#mailboxes.close();
  }

  #lookLater(delayMs: number): void {
    this.#cancelLook ??= this.#clock.after(delayMs, () => {
      this.#cancelLook = undefined;
      void this.take();
    });
  }

  async #take(): Promise<void> {
    if (this.#isClosed) {
      return;
    }
    // A directory that was removed is made again, without the state.
    this.#isChanged = (await this.#mailboxes.openAll()) || this.#isChanged;
    this.#readState();
    const finals: FinalSandbox[] = [];
    const announcedIds = new Set<string>();
    for (const mailbox of this.#mailboxes.paths) {
      try {
        for (const id of await this.#takeFrom(mailbox, finals)) {
          announcedIds.add(id);
        }
      } catch (error) {
        // It costs only itself.
        this.#reportOnce(mailbox, (error as Error).message);
      }
    }
    const { ended, nextMs } = this.#vanished.takeWithoutWords(this.#now(), announcedIds);
    for (const sandbox of ended) {
      this.#add(sandbox, finals);
    }
    this.#release();
    if (await this.#persist()) {
      this.#removeConsumed();
    }
    if (nextMs !== undefined) {
      this.#lookLater(nextMs);
    }
    for (const final of finals) {
      for (const listener of this.#listeners) {
        listener(final);
      }
    }
  }

  /** Returns the ids of sandboxes whose last words are being written. */
  async #takeFrom(mailbox: string, finals: FinalSandbox[]): Promise<ReadonlySet<string>> {
    const { paths, announcedIds, detached, foreign } = await listMailbox(mailbox, this.#clock.nowMs());
    for (const { sandboxId, path } of detached) {
      this.#vanished.noteDetached(sandboxId, this.#now());
      this.#consumed.add(path);
    }
    for (const name of foreign) {
      this.#reportOnce(`${mailbox}/${name}`, 'It is not the last words of a sandbox, and ignored');
    }
    for (const [i, path] of paths.entries()) {
      if (!this.#consumed.has(path)) {
        this.#takeFile(path, finals);
      }
      if (i % STEP_FILES === STEP_FILES - 1) {
        await new Promise(setImmediate);
      }
    }
    this.#countDropped('mailbox_full', takeRefusedCount(mailbox));
    return announcedIds;
  }

  #takeFile(path: string, finals: FinalSandbox[]): void {
    let parsed: ParsedLastWords;
    try {
      parsed = readLastWords(path, this.#clock.nowMs());
    } catch (error) {
      if (error instanceof LastWordsError) {
        this.#countDropped('invalid', 1);
        this.#consumed.add(path);
      }
      this.#reportOnce(path, (error as Error).message);
      return;
    }
    if (parsed.faults.length > 0) {
      this.#reportOnce(path, parsed.faults.join('; '));
    }
    this.#consumed.add(path);
    this.#add(this.#vanished.complete(parsed.words, this.#now()), finals);
  }

  #now(): Now {
    return { wallMs: this.#clock.nowMs(), steadyMs: this.#steadyMs() };
  }

  /** Does nothing for a sandbox whose end is known. */
  #add({ aliveMs, ...ended }: Ended, finals: FinalSandbox[]): void {
    const { sandboxId, epoch, endedMs, reason } = ended.words;
    const end = { sandboxId, epoch, endedMs, podUid: ended.labels.cri_uid, isIndirect: reason === 'unknown' };
    if (this.#recent.isRepeated({ ...end, startedMs: aliveMs })) {
      return;
    }
    this.#recent.add(end);
    const final = { sequence: ++this.#lastSequence, ...ended };
    this.#totals.addSandbox(
      { namespace: ended.labels.cri_namespace, runtimeHandler: ended.runtimeHandler },
      ended.words,
    );
    this.#kept.add(final, this.#steadyMs());
    this.#isChanged = true;
    finals.push(final);
  }

  #release(): void {
    const nowMs = this.#steadyMs();
    this.#kept.release(this.#scrapers.seenByAll(nowMs));
    for (const [reason, count] of this.#kept.enforceLimits(nowMs)) {
      this.#countDropped(reason, count);
    }
  }

  #countDropped(reason: DropReason, count: number): void {
    if (count > 0) {
      this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
      this.#isChanged = true;
    }
  }

  /** Once, as soon as there is a place for it. */
  #readState(): void {
    const { statePath } = this.#mailboxes;
    if (statePath === undefined || this.#hasReadState) {
      return;
    }
    this.#hasReadState = true;
    const nowMs = this.#steadyMs();
    try {
      const state = readState(statePath);
      if (state !== undefined) {
        this.#createdMs = state.createdMs;
        this.#lastSequence += state.lastSequence;
        for (const total of state.totals) {
          this.#totals.add(total);
        }
        for (const final of state.finals) {
          this.#kept.add(final, nowMs);
        }
        for (const end of state.recent ?? []) {
          this.#recent.add(end);
        }
        for (const path of state.consumed) {
          this.#consumed.add(path);
        }
        this.#scrapers.restore(state.scrapers, nowMs);
        for (const [reason, count] of Object.entries(state.dropped)) {
          this.#countDropped(reason as DropReason, count);
        }
        this.#countDropped('invalid', state.invalidLines);
      }
    } catch (error) {
      this.#options.log.warn({ problem: (error as Error).message }, 'The totals of ended sandboxes begin at 0');
    }
  }

  /** Whether the state on disk has what `#consumed` names. */
  async #persist(): Promise<boolean> {
    const { statePath } = this.#mailboxes;
    // A state that could not be read must not be replaced.
    if (statePath === undefined || !this.#hasReadState) {
      return false;
    }
    if (!this.#isChanged) {
      return true;
    }
    // What changes until it is written is in the next one.
    this.#isChanged = false;
    this.#isWriting = true;
    try {
      await writeState(statePath, this.#toState());
      this.#persistProblem = undefined;
      return true;
    } catch (error) {
      this.#noteNotPersisted(error as Error);
      return false;
    } finally {
      this.#isWriting = false;
    }
  }

  /** At the end. It replaces a state that is being written. */
  #persistLast(): void {
    const { statePath } = this.#mailboxes;
    if (statePath !== undefined && this.#hasReadState && (this.#isChanged || this.#isWriting)) {
      try {
        writeLastState(statePath, this.#toState());
      } catch (error) {
        this.#noteNotPersisted(error as Error);
      }
    }
  }

  #toState(): EndedState {
    return {
      createdMs: this.#createdMs,
      lastSequence: this.#lastSequence,
      totals: this.#totals.list(),
      dropped: Object.fromEntries(this.#dropped),
      consumed: [...this.#consumed],
      scrapers: this.#scrapers.list(),
      recent: this.#recent.list(),
      finals: this.#kept.lines(),
    };
  }

  #noteNotPersisted({ message: problem }: Error): void {
    this.#isChanged = true;
    // Every scrape tries again. After the end, the last state has replaced the file.
    if (problem !== this.#persistProblem && !this.#isClosed) {
      this.#persistProblem = problem;
      this.#options.log.warn({ problem }, 'Cannot keep the totals of ended sandboxes');
    }
  }

  #removeConsumed(): void {
    for (const path of this.#consumed) {
      try {
        rmSync(path, { force: true });
        this.#consumed.delete(path);
        // The next state need not have it; a state that still does only removes nothing.
      } catch (error) {
        this.#reportOnce(path, `Cannot remove it: ${(error as Error).message}`);
      }
    }
  }

  #reportOnce(path: string, problem: string): void {
    if (!this.#reported.has(path) && this.#reported.size < MAX_REPORTED) {
      this.#reported.add(path);
      this.#options.log.warn({ path, problem }, 'Cannot use last words of a sandbox');
    }
  }
}
