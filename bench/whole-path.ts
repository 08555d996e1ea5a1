/**
 * What watching costs over the whole path: CPU of a scrape and memory of the monitor, the shims and the agents of process
 * sandboxes and of virtual machines, beside programs that only read the same files of /proc. `node bench/whole-path.ts
 * [--sandboxes 1,10] [--machines 2] [--scrapes 100]`. Sandboxes are real, so each takes about 100 MiB of this machine, and a
 * virtual machine 400. Works out a week of a node of 500. `--trouble [--sandboxes 4] [--machines 1] [--rounds 20]` measures what
 * pressure, last words, events and guest exporters add.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPackage } from './build-package.ts';
import { startMonitor } from './monitor-under-test.ts';
import { type MemoryMiB, readMemoryMiB } from './process-meter.ts';
import { ProcessUnderTest } from './process-under-test.ts';
import { readOptions } from './read-options.ts';
import { drain, drainSocket, type Sandbox, startSandbox, sumCpuMs } from './real-sandbox.ts';
import { measureTrouble } from './trouble.ts';

const values = readOptions({
  sandboxes: { type: 'string', default: '1,10,50' },
  machines: { type: 'string', default: '2' },
  scrapes: { type: 'string', default: '300' },
  trouble: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '20' },
});

const WARM_UP_SCRAPES = 50;
const WEEK_SANDBOXES = 500;
const SCRAPE_INTERVAL_SECONDS = 15;
const WEEK_SECONDS = 7 * 24 * 3600;
const MS_PER_HOUR = 3_600_000;
const GIB_MIB = 1024;

/** What a program reads for one scrape, seen by strace(1): files of itself and of the process beside it, and of the machine. */
const SHIM_FILES = ['stat', 'status', 'io', 'net/dev', 'fd'];
const SHIM_OWN_FILES = ['limits', 'net/netstat', 'status', 'stat'];
const AGENT_FILES = ['stat', 'status', 'io', 'limits', 'fd', 'mountinfo'];
const GUEST_FILES = ['stat', 'meminfo', 'vmstat', 'loadavg', 'diskstats', 'net/dev', 'uptime'];

interface Cost {
  readonly cpuMs: number;
  readonly startMs: number;
  readonly memory: MemoryMiB;
}

interface Row {
  readonly sandboxes: number;
  readonly program: string;
  readonly cost: Cost;
  /** CPU time of a scrape; undefined for the monitor, whose floor bench/scrape.ts has. */
  readonly floorMs: number | undefined;
}

/** About what an agent responds with on a machine of this kind. */
const AGENT_RESPONSE_BYTES = 32 * 1024;

const NO_MEMORY: MemoryMiB = { resident: 0, proportional: 0, anonymous: 0 };

function meanMemory(pids: readonly number[]): MemoryMiB {
  const sum = pids.map(readMemoryMiB).reduce(
    (total, each) => ({
      resident: total.resident + each.resident,
      proportional: total.proportional + each.proportional,
      anonymous: total.anonymous + each.anonymous,
    }),
    NO_MEMORY,
  );
  const { length } = pids;
  return {
    resident: sum.resident / length,
    proportional: sum.proportional / length,
    anonymous: sum.anonymous / length,
  };
}

/** CPU time of a scrape, in milliseconds, of a program that only reads these files and responds. */
async function measureFloor(folder: string, bytes: number, files: readonly string[], scrapes: number): Promise<number> {
  const socketPath = join(folder, 'floor.sock');
  const floor = await ProcessUnderTest.start(join(import.meta.dirname, 'floor-path.ts'), [
    socketPath,
    String(bytes),
    ...files,
  ]);
  try {
    for (let i = 0; i < WARM_UP_SCRAPES; i++) {
      await drainSocket(socketPath);
    }
    const beforeMs = floor.cpuMs();
    for (let i = 0; i < scrapes; i++) {
      await drainSocket(socketPath);
    }
    return (floor.cpuMs() - beforeMs) / scrapes;
  } finally {
    await floor.stop();
    rmSync(socketPath, { force: true });
  }
}

async function measure(sandboxes: number, scrapes: number): Promise<Row[]> {
  // The path of a socket has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'kw-'));
  const root = join(folder, 's');
  const started: Sandbox[] = [];
  try {
    for (let i = 0; i < sandboxes; i++) {
      started.push(await startSandbox(root, `sandbox-${i}`));
    }
    const monitorStartedMs = performance.now();
    const { process: monitor, url } = await startMonitor(root, { program: 'built' });
    try {
      const monitorStartMs = performance.now() - monitorStartedMs;
      for (let i = 0; i < WARM_UP_SCRAPES; i++) {
        await drain(url);
      }
      const shimPids = started.map(({ shim }) => shim.pid);
      const agentPids = started.map(({ agentPid }) => agentPid);
      const before = [monitor.cpuMs(), sumCpuMs(shimPids), sumCpuMs(agentPids)] as const;
      for (let i = 0; i < scrapes; i++) {
        await drain(url);
      }
      const perScrape = (now: number, then: number): number => (now - then) / scrapes;
      const monitorMs = perScrape(monitor.cpuMs(), before[0]);
      const shimMs = perScrape(sumCpuMs(shimPids), before[1]) / sandboxes;
      const agentMs = perScrape(sumCpuMs(agentPids), before[2]) / sandboxes;
      const [first] = started as [Sandbox, ...Sandbox[]];
      const shimBytes = await drainSocket(first.socketPath);
      const ofProcess = (pid: number, files: readonly string[]): string[] =>
        files.map((file) => `/proc/${pid}/${file}`);
      const shimFloor = await measureFloor(
        folder,
        shimBytes,
        [
          ...ofProcess(first.shim.pid, [...SHIM_FILES, ...SHIM_OWN_FILES]),
          ...ofProcess(first.agentPid, SHIM_FILES),
          '/proc/stat',
        ],
        scrapes,
      );
      const agentFloor = await measureFloor(
        folder,
        AGENT_RESPONSE_BYTES,
        [...ofProcess(first.agentPid, AGENT_FILES), ...GUEST_FILES.map((file) => `/proc/${file}`)],
        scrapes,
      );
      const startMs = started.reduce((sum, each) => sum + each.startMs, 0) / sandboxes;
      const monitorCost = { cpuMs: monitorMs, startMs: monitorStartMs, memory: readMemoryMiB(monitor.pid) };
      return [
        { sandboxes, program: 'monitor', cost: monitorCost, floorMs: undefined },
        {
          sandboxes,
          program: 'shim',
          cost: { cpuMs: shimMs, startMs, memory: meanMemory(shimPids) },
          floorMs: shimFloor,
        },
        {
          sandboxes,
          program: 'agent',
          cost: { cpuMs: agentMs, startMs: Number.NaN, memory: meanMemory(agentPids) },
          floorMs: agentFloor,
        },
      ];
    } finally {
      await monitor.stop();
    }
  } finally {
    await Promise.all(started.map(({ shim }) => shim.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value of a series in the text of a shim; NaN when it is not there. */
const valueIn = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length) ?? Number.NaN,
  );

async function readText(socketPath: string): Promise<string> {
  let text = '';
  await drainSocket(socketPath, (chunk) => {
    text += chunk.toString('latin1');
  });
  return text;
}

const AGENT_CPU = 'kata_agent_process_cpu_seconds_total';
const MS_PER_SECOND = 1000;
const KIB_PER_MIB = 1024;

/** What the agent of a virtual machine reports about its process. Under emulation, its CPU time is that of a slow machine. */
function readAgentMemory(text: string): MemoryMiB {
  const ofItem = (item: string): number => valueIn(text, `kata_agent_proc_status{item="${item}"}`) / KIB_PER_MIB;
  return { resident: ofItem('vmrss'), proportional: Number.NaN, anonymous: ofItem('rssanon') };
}

/** The same with virtual machines: the agent is in the guest, and QEMU is a row. */
async function measureMachines(machines: number, scrapes: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kw-'));
  const root = join(folder, 's');
  const started: Sandbox[] = [];
  try {
    for (let i = 0; i < machines; i++) {
      started.push(await startSandbox(root, `machine-${i}`, { hypervisor: 'qemu' }));
    }
    const monitorStartedMs = performance.now();
    const { process: monitor, url } = await startMonitor(root, { program: 'built' });
    try {
      const startMs = performance.now() - monitorStartedMs;
      for (let i = 0; i < WARM_UP_SCRAPES; i++) {
        await drain(url);
      }
      const shimPids = started.map(({ shim }) => shim.pid);
      const qemuPids = started.map(({ hypervisorPid }) => hypervisorPid);
      const sumAgentMs = async (): Promise<number> => {
        const texts = await Promise.all(started.map(({ socketPath }) => readText(socketPath)));
        return texts.reduce((sum, text) => sum + valueIn(text, AGENT_CPU) * MS_PER_SECOND, 0);
      };
      const before = { agents: await sumAgentMs(), monitor: monitor.cpuMs(), shims: sumCpuMs(shimPids) };
      const qemuMs = sumCpuMs(qemuPids);
      for (let i = 0; i < scrapes; i++) {
        await drain(url);
      }
      const each = (ms: number): number => ms / scrapes / machines;
      const mean = (cpuMs: number, memory: MemoryMiB, began = Number.NaN): Cost => ({ cpuMs, startMs: began, memory });
      const bootMs = started.reduce((sum, { startMs: ms }) => sum + ms, 0) / machines;
      const costs: Readonly<Record<string, Cost>> = {
        monitor: mean((monitor.cpuMs() - before.monitor) / scrapes, readMemoryMiB(monitor.pid), startMs),
        shim: mean(each(sumCpuMs(shimPids) - before.shims), meanMemory(shimPids), bootMs),
        QEMU: mean(each(sumCpuMs(qemuPids) - qemuMs), meanMemory(qemuPids)),
        'agent, by the guest': mean(
          each((await sumAgentMs()) - before.agents),
          readAgentMemory(await readText(started[0]!.socketPath)),
        ),
      };
      return Object.entries(costs).map(([program, cost]) => ({
        sandboxes: machines,
        program: `${program} (VM)`,
        cost,
        floorMs: undefined,
      }));
    } finally {
      await monitor.stop();
    }
  } finally {
    await Promise.all(started.map(({ shim }) => shim.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

const orDash = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

function printRow({ sandboxes, program, cost, floorMs }: Row): void {
  const cells = [
    String(sandboxes),
    program,
    orDash(cost.cpuMs, 2),
    orDash(cost.cpuMs / (floorMs ?? Number.NaN), 1),
    orDash(cost.memory.resident, 0),
    orDash(cost.memory.proportional, 0),
    orDash(cost.memory.anonymous, 1),
    orDash(cost.startMs, 0),
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

/** From the largest number of sandboxes measured; the monitor's share by the line through the smallest and the largest. */
function printWeek(rows: readonly Row[]): void {
  const ofProgram = (name: string): Row[] => rows.filter(({ program }) => program === name);
  const [least, most] = [ofProgram('monitor').at(0)!, ofProgram('monitor').at(-1)!];
  const perSandboxMs =
    most.sandboxes === least.sandboxes
      ? most.cost.cpuMs / most.sandboxes
      : (most.cost.cpuMs - least.cost.cpuMs) / (most.sandboxes - least.sandboxes);
  const monitorMs = most.cost.cpuMs + perSandboxMs * (WEEK_SANDBOXES - most.sandboxes);
  const [shim, agent] = [ofProgram('shim').at(-1)!.cost, ofProgram('agent').at(-1)!.cost];
  const scrapes = WEEK_SECONDS / SCRAPE_INTERVAL_SECONDS;
  const hours = (ms: number): string => ((ms * scrapes) / MS_PER_HOUR).toFixed(1);
  const gib = (mib: number): string => ((mib * WEEK_SANDBOXES) / GIB_MIB).toFixed(1);
  process.stdout.write(
    `\nA week of ${WEEK_SANDBOXES} sandboxes, scraped every ${SCRAPE_INTERVAL_SECONDS} s: ` +
      `monitor ${hours(monitorMs)}, shims ${hours(shim.cpuMs * WEEK_SANDBOXES)}, ` +
      `agents ${hours(agent.cpuMs * WEEK_SANDBOXES)} CPU hours; ` +
      `shims ${gib(shim.memory.proportional)} GiB and agents ${gib(agent.memory.proportional)} GiB proportional memory.\n`,
  );
}

async function printTables(): Promise<void> {
  const columns = [
    'sandboxes',
    'program',
    'CPU a scrape, ms',
    'CPU / floor',
    'resident, MiB',
    'proportional, MiB',
    'anonymous, MiB',
    'start, ms',
  ];
  process.stdout.write(`| ${columns.join(' | ')} |\n|${columns.map(() => '---:').join('|')}|\n`);
  const rows: Row[] = [];
  for (const sandboxes of values.sandboxes.split(',').map(Number)) {
    const measured = await measure(sandboxes, Number(values.scrapes));
    measured.forEach(printRow);
    rows.push(...measured);
  }
  const machines = Number(values.machines);
  if (machines > 0) {
    (await measureMachines(machines, Number(values.scrapes))).forEach(printRow);
  }
  printWeek(rows);
}

buildPackage();
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`,
);
if (values.trouble) {
  process.stdout.write('\n\n');
  const counts = { sandboxes: Number(values.sandboxes.split(',')[0]), machines: Number(values.machines) };
  await measureTrouble({ ...counts, rounds: Number(values.rounds) });
} else {
  process.stdout.write(`, ${values.scrapes} scrapes after ${WARM_UP_SCRAPES}\n\n`);
  await printTables();
}
