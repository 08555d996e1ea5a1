/**
 * The events in the life of the sandboxes, and what the monitor counts of them. Listens to discovery, to the names of
 * pods and to the results of collections; requests nothing. Other modules learn of an end here too.
 */
import type { EventKind, LifecycleState, SandboxTotals } from '../../api/index.ts';
import { type CatalogFamily, PlainHistogram, singleFamily } from '../../collectors/index.ts';
import type { CriPod } from '../../cri/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { EventLog, NewEvent } from '../events/event-log.ts';
import type { StateChange } from './sandbox-states.ts';

/** How a sandbox has ended. */
export interface SandboxEnding {
  /** One word. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly totals: SandboxTotals | undefined;
}

export interface SandboxEventsOptions {
  readonly log: Pick<EventLog, 'add'>;
  readonly findPod: (sandboxId: string) => CriPod | undefined;
  /** When the monitor was started, in seconds since 1970: starts before are not counted. */
  readonly startSeconds: number;
  readonly nowSeconds?: () => number;
}

type EventFields = Partial<
  Pick<NewEvent, 'count' | 'message' | 'reason' | 'restarts' | 'state' | 'timeSeconds' | 'totals'>
>;

/** Upper limits of the buckets: a process is ready in 0.1 s, a machine without KVM in a minute. */
const START_BUCKETS_SECONDS: readonly number[] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100];

export class SandboxEvents {
  readonly #options: SandboxEventsOptions;
  readonly #nowSeconds: () => number;
  readonly #agentReady = new PlainHistogram('kata_sandbox_agent_ready_duration_seconds', START_BUCKETS_SECONDS);
  readonly #firstContainer = new PlainHistogram('kata_sandbox_first_container_duration_seconds', START_BUCKETS_SECONDS);
  /** Ids of sandboxes that were there before the monitor. */
  readonly #found = new Set<string>();
  /** Ids of sandboxes that have ended, and whose directory is still there. */
  readonly #ended = new Set<string>();
  #starts = 0;

  constructor(options: SandboxEventsOptions) {
    this.#options = options;
    this.#nowSeconds = options.nowSeconds ?? (() => Date.now() / 1000);
  }

  /** `isFirst`: of the first look, which finds what was there before the monitor. */
  noteAppeared(sandboxes: readonly Sandbox[], isFirst: boolean): void {
    for (const sandbox of sandboxes) {
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
  noteVanished(sandbox: Sandbox, pod: CriPod | undefined, ending: SandboxEnding | undefined): void {
    this.#found.delete(sandbox.id);
    const isTold = this.#ended.delete(sandbox.id);
    // The end of a shim that was killed has been told; what is known of it since then has not.
    if (!isTold || ending?.totals !== undefined) {
      const { reason = 'removed', message, totals } = ending ?? {};
      const fields = { state: 'ended', reason, message: message ?? null, totals: totals ?? null } as const;
      this.#add('ended', sandbox, fields, pod);
    }
  }

  /** For each result of a collection. */
  noteResult(change: StateChange): void {
    const { result, now, restarted } = change;
    const { sandbox, facts } = result;
    const { restarts } = now;
    // It is the cause of what follows.
    this.#noteCount('panic', 'panics', change);
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
        this.#ended.add(sandbox.id);
        this.#add('ended', sandbox, { state, restarts, reason: errors[0] ?? null, message });
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
  ): void {
    const total = facts?.[fact];
    if (total === undefined) {
      return;
    }
    // What a guest had before the monitor found it happened at an unknown time.
    const isUnknown = before === undefined && this.#found.has(sandbox.id);
    const count = Math.round(total - (factsBefore[fact] ?? (isUnknown ? total : 0)));
    if (count > 0) {
      const { lifecycle: state, restarts } = now;
      this.#add(kind, sandbox, { state, restarts, count: Math.min(count, Number.MAX_SAFE_INTEGER) });
    }
  }

  /** Once for each start of a shim, if that was while the monitor ran. */
  #observe(
    distribution: PlainHistogram,
    { result: { facts } }: StateChange,
    seconds: number | undefined,
    before: number | undefined,
  ): void {
    const isNew = (facts?.shimStartSeconds ?? 0) >= this.#options.startSeconds;
    if (seconds !== undefined && before === undefined && isNew) {
      distribution.observe(seconds);
    }
  }

  #add(kind: EventKind, sandbox: Sandbox, fields: EventFields, known?: CriPod): void {
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
