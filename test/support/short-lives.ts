/**
 * Many sandboxes that live for seconds, with a known use of CPU, beside a monitor that is scraped and killed: what the
 * monitor says that they used in the end, and what the kernel says. For the test and for bench/last-words.ts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownLoadCommand, sumReports } from './known-load.ts';
import { makeOwnCgroup, waitUntilLeft } from './own-cgroup.ts';
import { parseAnswer } from './reference-exposition.ts';
import { pickUrl, programCommand, type RunningProgram, runCommand } from './run-program.ts';

export interface ShortLivesOptions {
  readonly count: number;
  /** How many run at a time. */
  readonly concurrency: number;
  readonly lifetimeMs: readonly [shortest: number, longest: number];
  /** Part of its lifetime that each works. */
  readonly cpuShare: number;
  readonly scrapeIntervalMs: number;
  /** The monitor is killed and started again when so many have ended. */
  readonly killAt: readonly number[];
  /** The words that start a program. Default: from its source. */
  readonly commandOf?: (program: string) => [string, ...string[]];
  readonly onProgress?: (ended: number, monitorPid: number) => void;
}

/** CPU seconds. */
export interface ShortLives {
  /** Ids without final values, and those that a scraper got more than once with other values. */
  readonly lost: readonly string[];
  readonly changed: readonly string[];
  /** Of the workloads: what each has read of itself, and the sum of `kata_sandbox_final_cpu_seconds`. */
  readonly workload: { readonly known: number; readonly final: number };
  /** Of the sandboxes with their shims: their cgroups, and the sum of `kata_sandbox_final_host_cpu_seconds`. */
  readonly host: { readonly cgroups: number; readonly final: number };
  readonly totals: { readonly count: number; readonly cpuSeconds: number; readonly hostCpuSeconds: number };
  /** Whether a total was ever lower than before. */
  readonly isMonotone: boolean;
  readonly scrapes: number;
}

interface Final {
  cpu: number;
  host: number;
}

/** Where no cgroup may be made, `host.cgroups` is NaN. */
export async function runShortLives(options: ShortLivesOptions): Promise<ShortLives> {
  const folder = await mkdtemp(join(tmpdir(), 'short-lives-'));
  const run = new Run(folder, options);
  try {
    return await run.run();
  } finally {
    await run.stop();
    await rm(folder, { recursive: true, maxRetries: 10 });
  }
}

class Run {
  readonly #folder: string;
  readonly #options: ShortLivesOptions;
  readonly #commandOf: (program: string) => [string, ...string[]];
  readonly #finals = new Map<string, Final>();
  readonly #changed = new Set<string>();
  readonly #shims = new Set<ChildProcess>();
  #monitor: RunningProgram | undefined;
  #url = '';
  #cgroupSeconds = 0;
  #ended = 0;
  #scrapes = 0;
  #finalsInLastScrape = 0;
  #totals = { count: 0, cpuSeconds: 0, hostCpuSeconds: 0 };
  #isMonotone = true;
  #scraping: Promise<void> = Promise.resolve();
  #restarting: Promise<void> = Promise.resolve();

  constructor(folder: string, options: ShortLivesOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#commandOf = options.commandOf ?? programCommand;
  }

  async run(): Promise<ShortLives> {
    const { count, concurrency, scrapeIntervalMs } = this.#options;
    await Promise.all(['sbs', 'reports'].map((name) => mkdir(join(this.#folder, name))));
    await this.#startMonitor();
    const timer = setInterval(() => this.#scrapeNext(), scrapeIntervalMs);
    let next = 0;
    const runLane = async (): Promise<void> => {
      for (let i = next++; i < count; i = next++) {
        await this.#runSandbox(i);
        void this.#noteEnd();
      }
    };
    await Promise.all(Array.from({ length: concurrency }, runLane));
    clearInterval(timer);
    await this.#restarting;
    // A response has a limited number of them.
    do {
      await this.#scrapeNext();
    } while (this.#finalsInLastScrape > 0);
    const ids = Array.from({ length: count }, (_, i) => nameOf(i));
    const sum = (name: keyof Final): number =>
      [...this.#finals.values()].reduce((total, final) => total + final[name], 0);
    return {
      lost: ids.filter((id) => !this.#finals.has(id)),
      changed: [...this.#changed],
      workload: { known: sumReports(join(this.#folder, 'reports')).cpuSeconds, final: sum('cpu') },
      host: { cgroups: this.#cgroupSeconds, final: sum('host') },
      totals: this.#totals,
      isMonotone: this.#isMonotone,
      scrapes: this.#scrapes,
    };
  }

  async stop(): Promise<void> {
    for (const shim of this.#shims) {
      shim.kill('SIGKILL');
    }
    await this.#monitor?.stop();
  }

  async #startMonitor(): Promise<void> {
    this.#monitor = runCommand([
      ...this.#commandOf('kata-monitor'),
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${join(this.#folder, 'sbs')}`,
      `--runtime-endpoint=${this.#folder}/none`,
    ]);
    this.#url = await this.#monitor.waitForLine(pickUrl);
  }

  async #runSandbox(i: number): Promise<void> {
    const { cpuShare, lifetimeMs } = this.#options;
    const [shortest, longest] = lifetimeMs;
    const lifetime = Math.round(shortest + ((longest - shortest) * ((i * 7919) % 1000)) / 1000);
    const id = nameOf(i);
    const workload = knownLoadCommand({
      cpuMs: Math.round(lifetime * cpuShare),
      lifetimeMs: lifetime,
      reportPath: join(this.#folder, 'reports', id),
    });
    const command = [
      ...[...this.#commandOf('kata-shim'), 'run', '--hypervisor=process', `--root=${join(this.#folder, 'sbs')}`],
      // The agent is not read: a process stands for the guest.
      ...[
        `--sandbox-id=${id}`,
        `--workload-command=${workload}`,
        '--agent-command=sleep infinity #',
        '--log-level=error',
      ],
    ];
    const cgroup = await makeOwnCgroup(id);
    // In its cgroup before it does anything.
    const shim = spawn('/bin/sh', ['-c', 'read -r _; exec "$@"', 'sh', ...command], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.#shims.add(shim);
    const exited = once(shim, 'exit');
    cgroup?.add(shim.pid!);
    shim.stdin.end('\n');
    await exited;
    this.#shims.delete(shim);
    if (cgroup !== undefined) {
      await waitUntilLeft(cgroup);
    }
    const cpuMs = [...((await cgroup?.readUse())?.cpuMs?.values() ?? [Number.NaN])];
    this.#cgroupSeconds += cpuMs.reduce((total, ms) => total + ms, 0) / 1000;
    await cgroup?.remove();
  }

  /** The other sandboxes go on meanwhile: some end while there is no monitor. */
  #noteEnd(): Promise<void> {
    const ended = ++this.#ended;
    this.#restarting = this.#restarting.then(async () => {
      const monitor = this.#monitor!;
      this.#options.onProgress?.(ended, monitor.child.pid!);
      if (this.#options.killAt.includes(ended)) {
        monitor.child.kill('SIGKILL');
        await monitor.ended;
        await this.#startMonitor();
      }
    });
    return this.#restarting;
  }

  /** A scrape that the death of the monitor cuts off fails, as one of Prometheus does. */
  #scrapeNext(): Promise<void> {
    this.#scraping = this.#scraping.then(() => this.#scrape()).catch(() => undefined);
    return this.#scraping;
  }

  async #scrape(): Promise<void> {
    const response = await fetch(`${this.#url}/metrics`, { headers: { 'user-agent': 'Prometheus/3' } });
    const { series } = parseAnswer(await response.text());
    this.#scrapes++;
    const read = (name: string): number =>
      series.filter((each) => each.name === name).reduce((total, { value }) => total + value, 0);
    this.#finalsInLastScrape = series.filter(({ name }) => name === 'kata_sandbox_final_lifetime_seconds').length;
    const of = (id: string | undefined): Final => this.#finals.get(id ?? '') ?? { cpu: 0, host: 0 };
    for (const { name, labels, value } of series) {
      const field = { kata_sandbox_final_cpu_seconds: 'cpu', kata_sandbox_final_host_cpu_seconds: 'host' }[name];
      if (field !== undefined) {
        const id = new Map(labels).get('sandbox_id')!;
        const before = of(id);
        const key = field as keyof Final;
        if (before[key] !== 0 && before[key] !== value) {
          this.#changed.add(id);
        }
        this.#finals.set(id, { ...before, [key]: value });
      }
    }
    const totals = {
      count: read('kata_ended_sandboxes_total'),
      cpuSeconds: read('kata_ended_sandboxes_cpu_seconds_total'),
      hostCpuSeconds: read('kata_ended_sandboxes_host_cpu_seconds_total'),
    };
    this.#isMonotone &&= Object.entries(totals).every(
      ([name, value]) => value >= this.#totals[name as keyof typeof totals],
    );
    this.#totals = totals;
  }
}

function nameOf(i: number): string {
  return `short-${i}`;
}
