/**
 * What the metrics of trouble, last words, events and guest exporters add to a scrape: `node bench/whole-path.ts --trouble`.
 * Groups of real sandboxes, each with its own monitor, are scraped in turns. A ratio is the median over the rounds, each
 * beside the first group in the same round. The second group is the same as the first: its ratios show the noise.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type MonitorUnderTest, startMonitor } from './monitor-under-test.ts';
import { drain, type Sandbox, startSandbox, sumCpuMs } from './real-sandbox.ts';
import { buildWithoutTrouble } from './without-trouble.ts';

const WARM_UP_SCRAPES = 50;
/** Of one group, before it is the next one's turn. */
const SCRAPES_IN_TURN = 20;
const IDLE_SECONDS = 20;
const SCRAPE_INTERVAL_SECONDS = 15;
const EXPORTER_SERIES = 100;

export interface TroubleOptions {
  /** Process sandboxes of each group. */
  readonly sandboxes: number;
  /** Virtual machines of each group of these; 0 leaves them out. */
  readonly machines: number;
  readonly rounds: number;
}

interface Setup {
  readonly name: string;
  /** Whether the programs are those without metrics of trouble. */
  readonly isWithout?: boolean;
  readonly flags?: readonly string[];
  readonly hasListener?: boolean;
  /** What is read in each scrape. Default: /metrics. */
  readonly paths?: readonly string[];
}

const OFF: Setup = { name: 'off', isWithout: true, flags: ['--last-words=off', '--no-hypervisor-counters'] };

const listSetups = (port: number): readonly Setup[] => [
  OFF,
  { ...OFF, name: 'off, again' },
  { name: 'metrics of trouble, states', flags: ['--last-words=off', '--no-hypervisor-counters'] },
  { name: 'and last words, counters of Cloud Hypervisor: the default' },
  { name: 'the default, a client of /events', hasListener: true },
  { name: 'the default, an exporter allowed and not requested', flags: [`--guest-exporter=app=${port}`] },
  {
    name: `the default, /metrics/guest requested too, ${EXPORTER_SERIES} series`,
    flags: [`--guest-exporter=app=${port}`],
    paths: ['/metrics', '/metrics/guest'],
  },
];

const programs = ['monitor', 'shim', 'agent', 'all'] as const;
type Program = (typeof programs)[number];
/** CPU time in milliseconds: of the monitor, and the mean of a sandbox; "all" is the whole of one scrape. */
type Cost = Readonly<Record<Program, number>>;

interface Group {
  readonly name: string;
  readonly scrape: () => Promise<void>;
  /** CPU time since the start. */
  readonly read: () => Cost;
  readonly stop: () => Promise<void>;
}

async function startGroup(
  { name, isWithout = false, flags = [], hasListener = false, paths = ['/metrics'] }: Setup,
  { count, withoutPath, hypervisor }: { count: number; withoutPath: string; hypervisor: 'process' | 'qemu' },
): Promise<Group> {
  const folder = mkdtempSync(join(tmpdir(), 'kt-'));
  const root = join(folder, 's');
  const binPath = isWithout ? withoutPath : join(import.meta.dirname, '../dist/bin');
  let monitor: MonitorUnderTest | undefined;
  const sandboxes: Sandbox[] = [];
  const listening = new AbortController();
  const stop = async (): Promise<void> => {
    listening.abort();
    await Promise.all(sandboxes.map(({ shim }) => shim.stop()));
    await monitor?.process.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    // First: it opens the mailbox of last words, which shims look for when they start.
    const started = await startMonitor(root, { binPath, flags });
    monitor = started;
    const base = started.url.slice(0, -'/metrics'.length);
    for (let i = 0; i < count; i++) {
      sandboxes.push(await startSandbox(root, `sandbox-${i}`, { binPath, hypervisor }));
    }
    if (hasListener) {
      get(`${base}/events`, { signal: listening.signal }, (response) =>
        response.on('error', () => undefined).resume(),
      ).on('error', () => undefined);
    }
    const shimPids = sandboxes.map(({ shim }) => shim.pid);
    const agentPids = sandboxes.map(({ agentPid }) => agentPid).filter((pid) => pid > 0);
    return {
      name,
      scrape: async () => {
        for (const path of paths) {
          await drain(base + path);
        }
      },
      read: () => {
        const of = { monitor: started.process.cpuMs(), shims: sumCpuMs(shimPids), agents: sumCpuMs(agentPids) };
        const all = of.monitor + of.shims + of.agents;
        return { monitor: of.monitor, shim: of.shims / count, agent: of.agents / count, all };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const toCost = (of: (program: Program) => number): Cost => ({
  monitor: of('monitor'),
  shim: of('shim'),
  agent: of('agent'),
  all: of('all'),
});

async function measureTurn(group: Group): Promise<Cost> {
  const before = group.read();
  for (let i = 0; i < SCRAPES_IN_TURN; i++) {
    await group.scrape();
  }
  const after = group.read();
  return toCost((program) => (after[program] - before[program]) / SCRAPES_IN_TURN);
}

/** CPU time in one interval between scrapes, in which nothing is requested. */
async function measureIdle(groups: readonly Group[]): Promise<Cost[]> {
  const before = groups.map((group) => group.read());
  await wait(IDLE_SECONDS * 1000);
  return groups.map((group, i) => {
    const now = group.read();
    const inInterval = SCRAPE_INTERVAL_SECONDS / IDLE_SECONDS;
    return toCost((program) => (now[program] - before[i]![program]) * inInterval);
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** The first group is what the others are compared with. */
async function measureGroups(groups: readonly Group[], rounds: number): Promise<void> {
  for (const group of groups) {
    for (let i = 0; i < WARM_UP_SCRAPES; i++) {
      await group.scrape();
    }
  }
  const costs: Cost[][] = groups.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // There and back, so that what grows with time hits all alike.
    const order = groups.map((_, i) => (round % 2 === 0 ? i : groups.length - 1 - i));
    for (const i of order) {
      costs[i]!.push(await measureTurn(groups[i]!));
    }
  }
  const idle = await measureIdle(groups);
  groups.forEach(({ name }, i) => {
    const cells = programs.flatMap((program) => {
      const own = costs[i]!.map((cost) => cost[program]);
      const ratios = own.map((ms, round) => ms / costs[0]![round]![program]);
      const ratio = median(ratios);
      return [median(own).toFixed(2), Number.isNaN(ratio) ? '–' : ratio.toFixed(3)];
    });
    process.stdout.write(`| ${[name, ...cells, idle[i]!.all.toFixed(1)].join(' | ')} |\n`);
  });
}

/** Prints a table for process sandboxes, and one for virtual machines, whose agents are not measured. */
export async function measureTrouble({ sandboxes, machines, rounds }: TroubleOptions): Promise<void> {
  const withoutPath = await buildWithoutTrouble();
  const text = Array.from({ length: EXPORTER_SERIES }, (_, i) => `app_requests_total{path="/${i}"} ${i}\n`);
  const exporter = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`# TYPE app_requests_total counter\n${text.join('')}`);
  }).listen(0, '127.0.0.1');
  await once(exporter, 'listening');
  const setups = listSetups((exporter.address() as AddressInfo).port);
  const head = programs.flatMap((program) => [`${program}, ms`, 'ratio']);
  const columns = ['setup', ...head, `without scrapes, ms in ${SCRAPE_INTERVAL_SECONDS} s`];
  const tables = [
    { title: `${sandboxes} process sandboxes`, count: sandboxes, hypervisor: 'process', chosen: setups },
    { title: `${machines} virtual machines`, count: machines, hypervisor: 'qemu', chosen: [setups[0]!, setups[3]!] },
  ] as const;
  try {
    for (const { title, count, hypervisor, chosen } of tables.filter((table) => table.count > 0)) {
      const groups: Group[] = [];
      try {
        for (const setup of chosen) {
          groups.push(await startGroup(setup, { count, withoutPath, hypervisor }));
        }
        process.stdout.write(`${title}, ${rounds} rounds of ${SCRAPES_IN_TURN} scrapes; CPU time a scrape\n\n`);
        process.stdout.write(
          `| ${columns.join(' | ')} |\n|---|${columns
            .slice(1)
            .map(() => '---:')
            .join('|')}|\n`,
        );
        await measureGroups(groups, rounds);
        process.stdout.write('\n');
      } finally {
        await Promise.all(groups.map((group) => group.stop()));
      }
    }
  } finally {
    exporter.close();
    exporter.closeAllConnections();
  }
}
