/**
 * Connects the components that observe the lives of the sandboxes: states, events and the log of events. Sends no
 * requests.
 */
import type { DiscoveryChange, Sandbox } from '../../sandboxes/index.ts';
import { EventLog, type EventLogOptions } from '../events/event-log.ts';
import type { Pods } from './pods.ts';
import { type SandboxEnding, SandboxEvents } from './sandbox-events.ts';
import { SandboxStates } from './sandbox-states.ts';

export interface LifecycleOptions extends EventLogOptions {
  readonly findPod: Pods['find'];
  /** Whether `noteEnding` is called for each sandbox that has ended. Default: false. */
  readonly hasEndings?: boolean;
}

export class Lifecycle {
  readonly log: EventLog;
  readonly states: SandboxStates;
  readonly events: SandboxEvents;
  readonly #options: LifecycleOptions;
  #hasLooked = false;

  constructor(options: LifecycleOptions) {
    const { findPod, hasEndings = false, clock } = options;
    this.#options = options;
    this.log = new EventLog(options);
    const startSeconds = performance.timeOrigin / 1000;
    const parts = { log: this.log, findPod, hasEndings, startSeconds };
    this.events = new SandboxEvents(clock === undefined ? parts : { ...parts, clock });
    this.states = new SandboxStates((change) => this.events.noteResult(change));
  }

  /** Called for each change of discovery, before the pods of vanished sandboxes are forgotten. */
  noteChange({ appeared, vanished }: DiscoveryChange): void {
    for (const sandbox of vanished) {
      this.events.noteVanished(sandbox, this.#options.findPod(sandbox.id));
      this.states.forget(sandbox.id);
    }
    this.events.noteAppeared(appeared, !this.#hasLooked);
  }

  /** The first look is over: what appears from now on has been started while the monitor runs. */
  noteFirstLook(): void {
    this.#hasLooked = true;
  }

  noteNamed(sandbox: Sandbox | undefined): void {
    if (sandbox !== undefined) {
      this.events.noteNamed(sandbox, this.states.of(sandbox.id)?.lifecycle);
    }
  }

  /** `sandbox`: the one with this id that is there now, if any. */
  noteEnding(ending: SandboxEnding, sandbox: Sandbox | undefined): void {
    this.events.noteEnding(ending, sandbox);
  }

  close(): void {
    this.events.close();
    this.log.close();
  }
}
