/**
 * Prints what a virtual machine costs on top of what is used in it, idle and loaded: `node bench/overhead.ts [--seconds=15]`.
 * Needs QEMU and a guest (npm run guest). The figures are those of kata-shim's own answers; docs/overhead.md explains them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { StatsContainerResponseSchema } from '../src/proto/index.ts';
import { getOverUnix } from '../test/support/get-over-unix.ts';
import { type RunningProgram, runProgram } from '../test/support/run-program.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' } } });
const intervalMs = Number(values.seconds) * 1000;

const MIB = 1024 * 1024;
const NS_PER_MS = 1e6;
/** A cgroup as a container has one; the guest's shell makes it. */
const CONTAINER = 'load';
const BOOT_TIMEOUT_MS = 120_000;
/** After the boot: the guest writes back, and the agent's code is compiled. */
const SETTLE_MS = 10_000;

/** What the guest's shell is told, one after the other; each load stays. */
const steps: readonly (readonly [name: string, command: string])[] = [
  ['idle', ':'],
  ['busy loop', `in_container 'while :; do :; done' &`],
  ['busy loop, 100 MiB', `in_container 'dd if=/dev/zero of=/dev/shm/load bs=1M count=100' &`],
];

const PREPARE = `cd /sys/fs/cgroup; echo '+cpu +memory +pids +io' >cgroup.subtree_control; mkdir ${CONTAINER}
in_container() { sh -c "echo 0 >/sys/fs/cgroup/${CONTAINER}/cgroup.procs; $1"; }
`;

interface Reading {
  readonly atMs: number;
  readonly overheadMemory: number;
  readonly overheadCpu: number | undefined;
  readonly guestMemory: number;
  readonly guestCpuMs: number;
}

class Machine {
  readonly #shim: RunningProgram;
  readonly #folder: string;
  readonly #hasContainer: boolean;
  #console: Socket | undefined;

  constructor({ hasContainer }: { readonly hasContainer: boolean }) {
    this.#hasContainer = hasContainer;
    this.#folder = mkdtempSync(join(tmpdir(), 'kb-'));
    const container = hasContainer ? [`--container=${CONTAINER}`] : [];
    this.#shim = runProgram('kata-shim', [
      ...['run', '--sandbox-id=vm', '--hypervisor=qemu', `--root=${this.#folder}`, '--debug-console'],
      ...container,
    ]);
  }

  async start(): Promise<void> {
    await this.#shim.waitForLine((line) => (line.includes('Serving on') ? true : undefined));
    const deadlineMs = performance.now() + BOOT_TIMEOUT_MS;
    while (!(await this.#get('/metrics')).includes('\nkata_shim_agent_up 1\n')) {
      if (performance.now() > deadlineMs) {
        throw new Error(`Cannot measure: the guest's agent did not answer within ${BOOT_TIMEOUT_MS} ms`);
      }
      await sleep(500);
    }
    // One connection for all: the shell in the guest ends with it.
    this.#console = createConnection({ path: join(this.#folder, 'vm/console.sock') }).resume();
    this.tell(PREPARE);
    await sleep(SETTLE_MS);
  }

  tell(commands: string): void {
    this.#console?.write(`${commands}\n`);
  }

  async read(): Promise<Reading> {
    const text = await this.#get('/metrics');
    const atMs = performance.now();
    const guest = this.#hasContainer ? await this.#readContainer() : readGuest(text);
    return {
      atMs,
      overheadMemory: find(text, 'kata_shim_pod_overhead_memory_in_bytes') ?? Number.NaN,
      overheadCpu: find(text, 'kata_shim_pod_overhead_cpu'),
      ...guest,
    };
  }

  async stop(): Promise<void> {
    this.#console?.destroy();
    await this.#shim.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #readContainer() {
    const { containers } = JSON.parse(await this.#get('/containers')) as { containers: { stats: JsonValue }[] };
    const { cgroupStats } = fromJson(StatsContainerResponseSchema, containers[0]!.stats);
    return {
      guestMemory: Number(cgroupStats?.memoryStats?.usage?.usage),
      guestCpuMs: Number(cgroupStats?.cpuStats?.cpuUsage?.totalUsage) / NS_PER_MS,
    };
  }

  #get(path: string): Promise<string> {
    return getOverUnix(join(this.#folder, 'vm/shim-monitor.sock'), path);
  }
}

function readGuest(text: string) {
  const memory = (item: string): number => find(text, `kata_guest_meminfo{item="${item}"}`) ?? Number.NaN;
  const busy = ['user', 'nice', 'system', 'irq', 'softirq'].map(
    (item) => find(text, `kata_guest_cpu_time{cpu="total",item="${item}"}`) ?? Number.NaN,
  );
  return {
    guestMemory: memory('mem_total') - memory('mem_available'),
    guestCpuMs: busy.reduce((sum, ms) => sum + ms, 0),
  };
}

function find(text: string, series: string): number | undefined {
  const value = `\n${text}`.split(`\n${series} `)[1]?.split('\n', 1)[0];
  return value === undefined ? undefined : Number(value);
}

async function measure(guest: string, machine: Machine): Promise<void> {
  try {
    await machine.start();
    for (const [name, command] of steps) {
      machine.tell(command);
      await sleep(SETTLE_MS);
      const before = await machine.read();
      await sleep(intervalMs);
      const after = await machine.read();
      const guestCpu = ((after.guestCpuMs - before.guestCpuMs) / (after.atMs - before.atMs)) * 100;
      const overheadCpu = after.overheadCpu ?? Number.NaN;
      const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
      const percent = (value: number): string => value.toFixed(1);
      const cells = [
        ...[
          guest,
          name,
          mib(after.overheadMemory + after.guestMemory),
          mib(after.guestMemory),
          mib(after.overheadMemory),
        ],
        ...[percent(overheadCpu + guestCpu), percent(guestCpu), percent(overheadCpu)],
      ];
      process.stdout.write(`| ${cells.join(' | ')} |\n`);
    }
  } finally {
    await machine.stop();
  }
}

process.stdout.write(`| the guest's share | load | host MiB | guest MiB | overhead MiB | host CPU % | guest CPU % | overhead CPU % |
|---|---|---|---|---|---|---|---|
`);
await measure('all that it uses', new Machine({ hasContainer: false }));
await measure('its container', new Machine({ hasContainer: true }));
