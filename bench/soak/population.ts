/**
 * The sandboxes of a soak as its driver sees them: starts and ends them in their process, and knows at any moment which of
 * them must be whole in a response, which must not be in it, and what is to be said of those that lie or hang.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { allFaults } from '../../test/system/faults/all-faults.ts';
import type { Fault } from '../../test/system/faults/fault.ts';
import type { SandboxOrder } from './sandbox-process.ts';

/** Not in a soak: one is no sandbox at all, and of the other the reason changes as it grows older. */
const leftOut = ['directory-without-an-id', 'starting'];
const usable = allFaults.filter(({ name }) => !leftOut.includes(name));
export const unresponsiveFaults: readonly Fault[] = usable.filter(({ reasons }) => reasons.includes('timeout'));
export const lyingFaults: readonly Fault[] = usable.filter((fault) => !unresponsiveFaults.includes(fault));

type Group = 'good' | 'unresponsive' | 'lying';

export interface SoakSandbox {
  readonly id: string;
  readonly group: Group;
  readonly fault: Fault | undefined;
  /** When it was there, as `performance.now()` counts. */
  readonly sinceMs: number;
}

export interface PopulationOptions {
  readonly root: string;
  readonly outside: string;
  readonly sandboxes: number;
  /** The part of them that hangs, of 1, and as many again that lie; at least one each. */
  readonly faultyShare: number;
}

export class Population {
  readonly #options: PopulationOptions;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #ready: Promise<unknown>;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  readonly #living = new Map<string, SoakSandbox>();
  /** When each was gone that is. */
  readonly #gone = new Map<string, number>();
  readonly #turns: Record<Group, number> = { good: 0, unresponsive: 0, lying: 0 };
  #made = 0;

  constructor(options: PopulationOptions) {
    this.#options = options;
    this.#process = fork(join(import.meta.dirname, 'sandbox-process.ts'), [options.root, options.outside]);
    this.#exited = once(this.#process, 'exit');
    this.#ready = Promise.race([once(this.#process, 'message'), this.#exited]);
    this.#process.on('message', (id: string) => this.#waiting.get(id)?.resolve());
    void this.#exited.then(() => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error('The process of the sandboxes ended'));
      }
    });
  }

  /** Those that have been there all the time since then: from after they were made until before their end begins. */
  livingSince(timeMs: number): SoakSandbox[] {
    return [...this.#living.values()].filter(({ sinceMs }) => sinceMs <= timeMs);
  }

  /** Ids of those that had been removed by then. */
  goneBefore(timeMs: number): Set<string> {
    return new Set([...this.#gone].flatMap(([id, goneMs]) => (goneMs <= timeMs ? [id] : [])));
  }

  /** How many have been made since the start. */
  get made(): number {
    return this.#made;
  }

  /** Makes the first sandboxes; to be called once. */
  async fill(): Promise<void> {
    await this.#ready;
    const { sandboxes, faultyShare } = this.#options;
    const ofEach = Math.ceil(sandboxes * faultyShare);
    for (let i = 0; i < sandboxes; i++) {
      await this.#add(i < ofEach ? 'unresponsive' : i < 2 * ofEach ? 'lying' : 'good');
    }
  }

  /** Lets one of each kind of fault come, has `look` look at them, and ends them. */
  async parade(look: () => Promise<void>): Promise<void> {
    const extras: string[] = [];
    for (const [group, kinds] of [
      ['unresponsive', unresponsiveFaults],
      ['lying', lyingFaults],
    ] as const) {
      for (let i = 0; i < kinds.length; i++) {
        extras.push(await this.#add(group));
      }
    }
    await look();
    for (const id of extras) {
      await this.#remove(id);
    }
  }

  /** One goes, by chance, and another of its group comes: of faults the next kind. */
  async turnOver(): Promise<void> {
    const ids = [...this.#living.keys()];
    const { group } = await this.#remove(ids[Math.floor(Math.random() * ids.length)]!);
    await this.#add(group);
  }

  /** Ends those that hang and lie and makes the kinds that there were at first, so that two looks are comparable. */
  async settle(): Promise<void> {
    const faulty = [...this.#living.values()].filter(({ group }) => group !== 'good');
    this.#turns.unresponsive = 0;
    this.#turns.lying = 0;
    for (const { id, group } of faulty) {
      await this.#remove(id);
      await this.#add(group);
    }
  }

  async close(): Promise<void> {
    this.#process.disconnect();
    await this.#exited;
  }

  async #add(group: Group): Promise<string> {
    const seed = this.#made++;
    const id = createHash('sha256').update(`sandbox ${seed}`).digest('hex');
    const fault = this.#nextFault(group);
    await this.#order({ kind: 'start', id, seed, faultName: fault?.name });
    this.#living.set(id, { id, group, fault, sinceMs: performance.now() });
    return id;
  }

  async #remove(id: string): Promise<SoakSandbox> {
    const sandbox = this.#living.get(id)!;
    this.#living.delete(id);
    await this.#order({ kind: 'end', id });
    this.#gone.set(id, performance.now());
    return sandbox;
  }

  #nextFault(group: Group): Fault | undefined {
    const kinds = { good: [], unresponsive: unresponsiveFaults, lying: lyingFaults }[group];
    return kinds[this.#turns[group]++ % kinds.length];
  }

  async #order(order: SandboxOrder): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.set(order.id, done);
    this.#process.send(order);
    await done.promise;
    this.#waiting.delete(order.id);
  }
}
