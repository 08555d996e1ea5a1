/**
 * The events in the lives of the sandboxes, and the counts of the monitor for them. Observes discovery, the names of pods
 * and the results of collections, and sends no requests. It also reports ends to other modules.
 */
import type { EventKind, LifecycleState, SandboxTotals } from '../../api/index.ts';
import { type CatalogFamily, PlainHistogram, singleFamily } from '../../collectors/index.ts';
import type { CriPod } from '../../cri/index.ts';
import { type Clock, systemClock } from '../../program/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { EventLog, NewEvent } from '../events/event-log.ts';
import type { StateChange } from './sandbox-states.ts';

/** How a sandbox has ended. */
export interface SandboxEnding {
  readonly sandboxId: string;
  /** The pod as it was known at the end. */
  readonly pod: Pick<CriPod, 'name' | 'namespace' | 'uid'> | undefined;
  /** Reason, one word. */
  readonly reason: string;
  /** Description for people; empty if the reason says everything. */
  readonly message: string;
  /** When it ended, in seconds since 1970. */
  readonly endSeconds: number;
  readonly totals: SandboxTotals;
}

export interface SandboxEventsOptions {
  readonly log: Pick<EventLog, 'add'>;
  readonly findPod: (sandboxId: string) => CriPod | undefined;
  /** Whether `noteEnding` is called for each sandbox that has ended, a moment later. */
  readonly hasEndings: boolean;
  readonly clock?: Clock;
  /** When the monitor was started, in seconds since 1970: starts before are not counted. */
  readonly startSeconds: number;
  readonly nowSeconds?: () => number;
}

type EventFields = Partial<
  Pick<NewEvent, 'count' | 'message' | 'reason' | 'restarts' | 'state' | 'timeSeconds' | 'totals'>
>;

/** A sandbox that has ended, and whose ending has not come yet. */
interface Leaving {
  readonly tell: () => void;
  readonly cancel: () => void;
}

/** Endings come within a few seconds: a shim that was killed is followed by the process that cleans up after it. */
const ENDING_MS = 10_000;
/** Start times of processes are computed from the time of the boot, which is known to the second. */
const MAX_FUTURE_SECONDS = 60;
/** Reason of the final values of a guest that has ended with a panic. */
const PANIC = 'panicked';

/** Upper limits of the buckets: a process is ready in 0.1 s, a machine without KVM in a minute. */
const START_BUCKETS_SECONDS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];

export class SandboxEvents {
  readonly #options: SandboxEventsOptions;
  readonly #nowSeconds: () => number;
  readonly #agentReady = new PlainHistogram('kata_sandbox_agent_ready_duration_seconds', START_BUCKETS_SECONDS);
  readonly #firstContainer = new PlainHistogram('kata_sandbox_first_container_duration_seconds', START_BUCKETS_SECONDS);
  /** Ids of sandboxes that were there before the monitor. */
  readonly #found = new Set<string>();
  /** Ids of sandboxes whose end was reported, and whose directory still exists. */
  readonly #ended = new Set<string>();
  /** Sandboxes that have left, by id. */
  readonly #leaving = new Map<string, Leaving>();
  /** Ids of sandboxes whose guest has panicked, if that was reported. */
  readonly #panicked = new Set<string>();
  readonly #clock: Clock;
  #starts = 0;

  constructor(options: SandboxEventsOptions) {
    this.#options = options;
    this.#nowSeconds = options.nowSeconds ?? (() => Date.now() / 1000);
    this.#clock = options.clock ?? systemClock;
  }

  /** `isFirst`: whether this is the first look, which finds sandboxes that are older than the monitor. */
  noteAppeared(sandboxes: readonly Sandbox[], isFirst: boolean): void {
    for (const sandbox of sandboxes) {
      this.#leaving.get(sandbox.id)?.tell();
      if (isFirst) {
        this.#found.add(sandbox.id);
      } else {
        this.#starts++;
      }
      const reason = isFirst ? 'found' : null;
      this.#add('appeared', sandbox, { reason, state: 'created', timeSeconds: sandbox.firstSeenMs / 1000 });
    }
  }

  noteNamed(sandbox: Sandbox, state: LifecycleState | undefined): void {
    this.#add('named', sandbox, { state: state ?? 'created' });
  }

  /** The directory is gone. `pod`: as it was known until now. */
  noteVanished(sandbox: Sandbox, pod: CriPod | undefined): void {
    this.#found.delete(sandbox.id);
    if (!this.#ended.delete(sandbox.id) && !this.#leaving.has(sandbox.id)) {
      this.#end(sandbox, { reason: 'removed' }, pod);
    }
    if (!this.#options.hasEndings) {
      this.#panicked.delete(sandbox.id);
    }
  }

  /** `sandbox`: the one with this id that is there now, if any. */
  noteEnding(ending: SandboxEnding, sandbox: Sandbox | undefined): void {
    const { sandboxId: id, pod, reason, message, endSeconds, totals } = ending;
    const leaving = this.#leaving.get(id);
    leaving?.cancel();
    this.#leaving.delete(id);
    const wasTold = this.#panicked.delete(id);
    const of = { id, root: sandbox?.root ?? null };
    const beginSeconds = endSeconds - (totals.lifetimeSeconds ?? Number.NaN);
    if (leaving === undefined && sandbox === undefined && beginSeconds >= this.#options.startSeconds) {
      // It began and ended between two looks of discovery.
      this.#starts++;
      this.#add('appeared', of, { state: 'created', timeSeconds: beginSeconds }, pod);
    }
    const fields = { state: 'ended', reason, message: message === '' ? null : message } as const;
    if (reason === PANIC && !wasTold) {
      this.#add('panic', of, { ...fields, reason: null, count: 1, timeSeconds: endSeconds }, pod);
    }
    this.#add('ended', of, { ...fields, totals, timeSeconds: endSeconds }, pod);
    // Not those of another sandbox with the same id.
    if (sandbox !== undefined && endSeconds * 1000 >= sandbox.firstSeenMs) {
      this.#ended.add(id);
    }
  }

  close(): void {
    for (const { cancel } of this.#leaving.values()) {
      cancel();
    }
    this.#leaving.clear();
  }

  /** Must be called for each result of a collection. */
  noteResult(change: StateChange): void {
    const { result, now, restarted } = change;
    const { sandbox, facts } = result;
    const { restarts } = now;
    if (now.lifecycle !== 'ended') {
      // It was not the end.
      this.#leaving.get(sandbox.id)?.tell();
    }
    // It is the cause of what follows.
    if (this.#noteCount('panic', 'panics', change)) {
      this.#panicked.add(sandbox.id);
    }
    if (restarted !== undefined) {
      this.#starts += restarted === 'shim' ? 1 : 0;
      this.#ended.delete(sandbox.id);
      this.#add('restarted', sandbox, { reason: restarted, state: now.lifecycle, restarts });
    }
    this.#noteCount('oom_kill', 'oomKills', change);
    this.#noteState(change);
    this.#observe(this.#agentReady, change, facts?.agentReadySeconds, change.factsBefore.agentReadySeconds);
    this.#observe(this.#firstContainer, change, facts?.firstContainerSeconds, change.factsBefore.firstContainerSeconds);
  }

  /** The families of the node. */
  collect(): CatalogFamily[] {
    return [
      singleFamily('kata_sandbox_starts_total', this.#starts),
      this.#agentReady.collect(),
      this.#firstContainer.collect(),
    ];
  }

  #noteState({ result, before, now, restarted, isReady }: StateChange): void {
    const { sandbox, errors, message = null, facts } = result;
    const { lifecycle: state, restarts } = now;
    if (isReady) {
      const isOld = before === undefined && this.#found.has(sandbox.id);
      const readySeconds = restarted === 'guest' ? undefined : toReadySeconds(facts);
      const timeSeconds = readySeconds === undefined ? {} : { timeSeconds: readySeconds };
      this.#add('ready', sandbox, { state, restarts, reason: isOld ? 'found' : null, ...timeSeconds });
    }
    if (before?.lifecycle === state && restarted === undefined) {
      return;
    }
    switch (state) {
      case 'running':
        if (!isReady) {
          this.#add(before?.lifecycle === 'paused' ? 'resumed' : 'healthy', sandbox, { state, restarts });
          this.#ended.delete(sandbox.id);
        }
        break;
      case 'paused':
        this.#add('paused', sandbox, { state, restarts });
        break;
      case 'unresponsive':
        this.#add('unresponsive', sandbox, { state, restarts, reason: errors[0] ?? 'guest', message });
        break;
      case 'ended':
        if (!this.#ended.has(sandbox.id)) {
          this.#end(sandbox, { restarts, reason: errors[0] ?? null, message });
          this.#ended.add(sandbox.id);
        }
        break;
      case 'booting':
      case 'created':
        break;
    }
  }

  #noteCount(
    kind: EventKind,
    fact: 'oomKills' | 'panics',
    { result: { sandbox, facts }, before, now, factsBefore }: StateChange,
  ): boolean {
    const total = facts?.[fact];
    if (total === undefined) {
      return false;
    }
    // Events before the monitor found the guest happened at an unknown time.
    const isUnknown = before === undefined && this.#found.has(sandbox.id);
    const count = Math.round(total - (factsBefore[fact] ?? (isUnknown ? total : 0)));
    if (count > 0) {
      const { lifecycle: state, restarts } = now;
      this.#add(kind, sandbox, { state, restarts, count: Math.min(count, Number.MAX_SAFE_INTEGER) });
    }
    return count > 0;
  }

  /** Reports the end, with what becomes known about it within some seconds. */
  #end(sandbox: Sandbox, fields: EventFields, known?: CriPod): void {
    const timeSeconds = this.#nowSeconds();
    const pod = known ?? this.#options.findPod(sandbox.id);
    let cancel = (): void => undefined;
    const tell = (): void => {
      cancel();
      this.#leaving.delete(sandbox.id);
      this.#add('ended', sandbox, { ...fields, state: 'ended', timeSeconds }, pod);
    };
    if (this.#options.hasEndings) {
      cancel = this.#clock.after(ENDING_MS, tell);
      this.#leaving.set(sandbox.id, { tell, cancel });
    } else {
      tell();
    }
  }

  /** Once for each start of a shim, if that was while the monitor ran. */
  #observe(
    distribution: PlainHistogram,
    { result: { facts } }: StateChange,
    seconds: number | undefined,
    before: number | undefined,
  ): void {
    const shimStartSeconds = facts?.shimStartSeconds ?? 0;
    const isNew = shimStartSeconds >= this.#options.startSeconds;
    if (seconds === undefined || before !== undefined || !isNew) {
      return;
    }
    // A time that is made up would spoil the sum of all sandboxes for ever.
    if (shimStartSeconds + seconds <= this.#nowSeconds() + MAX_FUTURE_SECONDS) {
      distribution.observe(seconds);
    }
  }

  #add(
    kind: EventKind,
    sandbox: { readonly id: string; readonly root: string | null },
    fields: EventFields,
    known?: SandboxEnding['pod'],
  ): void {
    const pod = known ?? this.#options.findPod(sandbox.id);
    this.#options.log.add({
      kind,
      timeSeconds: toMilliseconds(fields.timeSeconds ?? this.#nowSeconds()),
      sandbox: sandbox.id,
      namespace: pod?.namespace ?? null,
      pod: pod?.name ?? null,
      uid: pod?.uid ?? null,
      root: sandbox.root,
      state: fields.state ?? null,
      reason: fields.reason ?? null,
      message: fields.message ?? null,
      count: fields.count ?? null,
      restarts: fields.restarts ?? 0,
      totals: fields.totals ?? null,
    });
  }
}

/** When the agent was ready, in seconds since 1970; undefined if the shim does not report it, or reports the future. */
function toReadySeconds(facts: StateChange['result']['facts']): number | undefined {
  const { shimStartSeconds, agentReadySeconds } = facts ?? {};
  const seconds = (shimStartSeconds ?? Number.NaN) + (agentReadySeconds ?? Number.NaN);
  return seconds <= Date.now() / 1000 ? seconds : undefined;
}

/** Digits after that are noise. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
