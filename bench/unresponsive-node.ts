/**
 * Measures what unresponsive sandboxes cost the others: scrapes a node with unresponsive sandboxes and the same node without
 * any, in turn. The first and the second scrape follow a start of the monitor. Called by bench/unresponsive.ts and by the report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MonitorUnderTest, startMonitor } from './monitor-under-test.ts';
import type { ProcessUnderTest } from './process-under-test.ts';
import { CostMeter, drain, type ScrapeCost } from './scrape.ts';
import { startShims } from './shims-under-test.ts';

export interface UnresponsiveNodeOptions {
  readonly sandboxes: number;
  /** How many of them never respond. */
  readonly unresponsive: number;
  /** How often both monitors are restarted. */
  readonly starts: number;
  /** Scrapes of each node after its second one, at the last start. */
  readonly scrapes: number;
}

export interface NodeTimes {
  readonly sandboxes: number;
  readonly unresponsive: number;
  /** Of each start. */
  readonly firstMs: readonly number[];
  readonly secondMs: readonly number[];
  /** Of the scrapes after that. */
  readonly later: ScrapeCost;
}

/** The healthy node, and the one with unresponsive sandboxes. */
export async function measureUnresponsiveNode(
  options: UnresponsiveNodeOptions,
): Promise<readonly [NodeTimes, NodeTimes]> {
  const folder = mkdtempSync(join(tmpdir(), 'kh-'));
  const healthy = await Node.start(join(folder, 'w'), options.sandboxes, 0);
  const unresponsive = await Node.start(join(folder, 'h'), options.sandboxes, options.unresponsive);
  try {
    for (let start = 1; start <= options.starts; start++) {
      const scrapes = start === options.starts ? options.scrapes : 0;
      await scrapeInTurns([healthy, unresponsive], scrapes);
    }
    return [healthy.times(), unresponsive.times()];
  } finally {
    await healthy.stop();
    await unresponsive.stop();
    rmSync(folder, { recursive: true });
  }
}

async function scrapeInTurns(nodes: readonly Node[], scrapes: number): Promise<void> {
  for (const node of nodes) {
    await node.startMonitor();
  }
  try {
    for (const node of nodes) {
      await node.measureStart();
    }
    for (let i = 0; i < scrapes; i++) {
      for (const node of nodes) {
        await node.measureLater();
      }
    }
  } finally {
    for (const node of nodes) {
      await node.stopMonitor();
    }
  }
}

/** Its shims, and the monitor that looks at them now. */
class Node {
  readonly #root: string;
  readonly #sandboxes: number;
  readonly #unresponsive: number;
  readonly #shims: ProcessUnderTest;
  readonly #firstMs: number[] = [];
  readonly #secondMs: number[] = [];
  #monitor: MonitorUnderTest | undefined;
  #later: CostMeter | undefined;

  private constructor(root: string, sandboxes: number, unresponsive: number, shims: ProcessUnderTest) {
    this.#root = root;
    this.#sandboxes = sandboxes;
    this.#unresponsive = unresponsive;
    this.#shims = shims;
  }

  static async start(root: string, sandboxes: number, unresponsive: number): Promise<Node> {
    return new Node(root, sandboxes, unresponsive, await startShims(root, sandboxes, { unresponsive }));
  }

  async startMonitor(): Promise<void> {
    const flags = [`--runtime-endpoint=${this.#root}/none.sock`];
    this.#monitor = await startMonitor(this.#root, { flags });
    this.#later = new CostMeter(this.#monitor.process);
  }

  async measureStart(): Promise<void> {
    for (const times of [this.#firstMs, this.#secondMs]) {
      const startMs = performance.now();
      await drain(this.#monitor!.url, true);
      times.push(performance.now() - startMs);
    }
  }

  async measureLater(): Promise<void> {
    await this.#later!.measure(() => drain(this.#monitor!.url, true));
  }

  async stopMonitor(): Promise<void> {
    await this.#monitor?.process.stop();
  }

  times(): NodeTimes {
    const [sandboxes, unresponsive] = [this.#sandboxes, this.#unresponsive];
    return { sandboxes, unresponsive, firstMs: this.#firstMs, secondMs: this.#secondMs, later: this.#later!.result() };
  }

  async stop(): Promise<void> {
    await this.#shims.stop();
  }
}
