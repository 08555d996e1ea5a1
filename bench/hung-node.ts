/**
 * Measures what unresponsive sandboxes cost the others: scrapes a node with unresponsive sandboxes and the same node without
 * any, in turn. The first and the second scrape follow a start of the monitor. Called by bench/hung.ts and by the report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MonitorUnderTest, startMonitor } from './monitor-under-test.ts';
import { ProcessUnderTest } from './process-under-test.ts';
import { bodyPath, CostMeter, drain, type ScrapeCost } from './scrape.ts';

export interface HungNodeOptions {
  readonly sandboxes: number;
  /** How many of them never respond. */
  readonly hung: number;
  /** How often both monitors are restarted. */
  readonly starts: number;
  /** Scrapes of each node after its second one, at the last start. */
  readonly scrapes: number;
}

export interface NodeTimes {
  readonly sandboxes: number;
  readonly hung: number;
  /** Of each start. */
  readonly firstMs: readonly number[];
  readonly secondMs: readonly number[];
  /** Of the scrapes after that. */
  readonly later: ScrapeCost;
}

/** The healthy node, and the one with unresponsive sandboxes. */
export async function measureHungNode(options: HungNodeOptions): Promise<readonly [NodeTimes, NodeTimes]> {
  const folder = mkdtempSync(join(tmpdir(), 'kh-'));
  const healthy = await Node.start(join(folder, 'w'), options.sandboxes, 0);
  const hung = await Node.start(join(folder, 'h'), options.sandboxes, options.hung);
  try {
    for (let start = 1; start <= options.starts; start++) {
      const scrapes = start === options.starts ? options.scrapes : 0;
      await scrapeInTurns([healthy, hung], scrapes);
    }
    return [healthy.times(), hung.times()];
  } finally {
    await healthy.stop();
    await hung.stop();
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
  readonly #hung: number;
  readonly #shims: ProcessUnderTest;
  readonly #firstMs: number[] = [];
  readonly #secondMs: number[] = [];
  #monitor: MonitorUnderTest | undefined;
  #later: CostMeter | undefined;

  private constructor(root: string, sandboxes: number, hung: number, shims: ProcessUnderTest) {
    this.#root = root;
    this.#sandboxes = sandboxes;
    this.#hung = hung;
    this.#shims = shims;
  }

  static async start(root: string, sandboxes: number, hung: number): Promise<Node> {
    const args = [root, String(sandboxes), bodyPath, String(hung)];
    return new Node(
      root,
      sandboxes,
      hung,
      await ProcessUnderTest.start(join(import.meta.dirname, 'shim-server.ts'), args),
    );
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
    const [sandboxes, hung] = [this.#sandboxes, this.#hung];
    return { sandboxes, hung, firstMs: this.#firstMs, secondMs: this.#secondMs, later: this.#later!.result() };
  }

  async stop(): Promise<void> {
    await this.#shims.stop();
  }
}
