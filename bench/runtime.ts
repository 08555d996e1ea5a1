/**
 * Prints what a pod in a virtual machine takes beside one of runc on the same machine, and what four places report of the same
 * containers: `node bench/runtime.ts [--rounds=3]`. Needs root and the Debian packages of the runtime's system tests;
 * docs/runtime.md has the results.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provideCrunPackages, readCrun } from '../scripts/guest/crun-packages.ts';
import { readNodeRuntime } from '../scripts/guest/node-runtime.ts';
import { defaultGuestDirectory } from '../src/shim/index.ts';
import { readCadvisorUse, readGuestUse, readHostUse } from '../test/support/container-use.ts';
import { CriPods, type CriUse } from '../test/support/cri-pods.ts';
import { provideGuest } from '../test/support/provide-guest.ts';
import { pickUrl, runProgram } from '../test/support/run-program.ts';
import { missingForRuntime, RuntimeRig } from '../test/support/runtime-rig.ts';
import { readOptions } from './read-options.ts';

const values = readOptions({ rounds: { type: 'string', default: '3' } });
const rounds = Number(values.rounds);
const EXECS = 5;
const MIB = 1024 * 1024;
const NS_PER_S = 1e9;
const BUSY_MS = 5_000;
const SLEEPING = ['/bin/busybox', 'sleep', '100000'];
/** Uses CPU time without starting processes, so that its memory rests. */
const SPINNING = ['/bin/busybox', 'sh', '-c', 'while :; do :; done'];

const missing = missingForRuntime({ more: ['runc'] });
if (missing.length > 0) {
  throw new Error(`Cannot measure: this machine lacks ${missing.join(', ')}`);
}

type Row = readonly [what: string, unit: string, value: number];

async function time(run: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Private and proportional memory of a process, in MiB. */
function readMemory(pid: number): { readonly privateMib: number; readonly shareMib: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) / 1024;
  return { privateMib: read('Private_Clean') + read('Private_Dirty'), shareMib: read('Pss') };
}

/** One pod, from its creation to its removal. */
async function measurePod(rig: RuntimeRig, pods: CriPods, handler: string, round: number): Promise<Row[]> {
  let pod = '';
  let container = '';
  const name = `${handler}-${round}`;
  const spec = { name, namespace: 'bench', uid: name, handler, hasNetwork: true };
  const runMs = await time(async () => {
    pod = await pods.runPod(spec);
  });
  const createMs = await time(async () => {
    container = await pods.createContainer(pod, 'main', SLEEPING);
  });
  const startMs = await time(() => pods.startContainer(container));
  const execs: number[] = [];
  for (let i = 0; i < EXECS; i++) {
    execs.push(await time(() => pods.exec(container, ['/bin/busybox', 'true'])));
  }
  const { privateMib, shareMib } = readMemory(rig.findShim(pod));
  const removeMs = await time(() => pods.removePod(pod));
  return [
    ['pod: `runp` until it is ready', 's', runMs / 1000],
    ['container: `create`', 's', createMs / 1000],
    ['container: `start`', 's', startMs / 1000],
    [`\`exec\` of a program that ends at once, median of ${EXECS}`, 's', median(execs) / 1000],
    ['pod: `stopp` and `rmp`', 's', removeMs / 1000],
    ['shim: private memory', 'MiB', privateMib],
    ['shim: proportional memory (PSS)', 'MiB', shareMib],
  ];
}

async function printTimes(rig: RuntimeRig, pods: CriPods): Promise<void> {
  const ofHandler = new Map<string, Row[][]>();
  for (const handler of ['runc', 'kata']) {
    const rows: Row[][] = [];
    for (let round = 0; round < rounds; round++) {
      rows.push(await measurePod(rig, pods, handler, round));
    }
    ofHandler.set(handler, rows);
  }
  const [runc, kata] = [ofHandler.get('runc')!, ofHandler.get('kata')!];
  write(`| median of ${rounds} pods | runc | this runtime | ratio |`, '|---|---:|---:|---:|');
  for (const [index, [what, unit]] of runc[0]!.entries()) {
    const [one, other] = [runc, kata].map((rows) => median(rows.map((row) => row[index]![2])));
    write(`| ${what} | ${one!.toFixed(2)} ${unit} | ${other!.toFixed(2)} ${unit} | ${(other! / one!).toFixed(1)} |`);
  }
}

async function printGuest(): Promise<void> {
  const { kernelPath, initrdPath, imagePath } = await provideGuest();
  const scratchPath = mkdtempSync(join(tmpdir(), 'kb-'));
  try {
    const packages = provideCrunPackages(join(dirname(defaultGuestDirectory(process.env)), 'kernel'));
    const { program, libraries } = readCrun(packages, scratchPath);
    const ofNode = readNodeRuntime(process.execPath, scratchPath).libraries;
    const added = [...libraries].filter(([path]) => !ofNode.has(path));
    const libraryBytes = added.reduce((sum, [, { length }]) => sum + length, 0);
    const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
    write('| guest | size |', '|---|---:|', `| kernel | ${mib(statSync(kernelPath).size)} |`);
    write(`| initramfs | ${mib(statSync(initrdPath).size)} |`);
    write(`| image with Node.js, which guests share | ${mib(statSync(imagePath).size)} |`);
    write(`| crun in the initramfs, with the libraries that only crun needs | ${mib(program.length + libraryBytes)} |`);
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
}

async function printAgreement(rig: RuntimeRig, pods: CriPods): Promise<void> {
  const monitor = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${rig.sandboxesPath}`,
    `--runtime-endpoint=unix://${rig.socketPath}`,
  ]);
  try {
    const url = await monitor.waitForLine(pickUrl);
    const spec = { name: 'agreement', namespace: 'bench', uid: 'agreement', handler: 'kata', hasNetwork: true };
    const pod = await pods.runPod({ ...spec, cgroupParent: `/${rig.cgroupName}` });
    const busy = await pods.runContainer(pod, 'busy', SPINNING);
    const idle = await pods.runContainer(pod, 'idle', SLEEPING);
    await sleep(BUSY_MS);
    write(
      '| container | read, one after the other | CPU time, s | memory, bytes | working set, bytes |',
      '|---|---|---:|---:|---:|',
    );
    for (const [name, id, beside] of [
      ['busy', busy, idle],
      ['idle', idle, busy],
    ] as const) {
      printUse(name, 'cgroup in the guest', await readGuestUse(pods, beside, id));
      printUse(name, 'CRI (`crictl stats`)', await pods.readStats(id));
      printUse(name, '`/metrics/cadvisor`', await readCadvisorUse(url, id));
      printUse(name, 'CRI (`crictl stats`)', await pods.readStats(id));
      printUse(name, 'cgroup in the guest', await readGuestUse(pods, beside, id));
    }
    printUse('the pod', 'cgroup on the host', readHostUse(rig.cgroupName));
    printUse('the pod', 'CRI (`crictl statsp`)', await pods.readPodStats(pod));
    printUse('the pod', 'cgroup on the host', readHostUse(rig.cgroupName));
    await pods.removePod(pod);
  } finally {
    await monitor.stop();
  }
}

function printUse(name: string, place: string, { cpuNs, usageBytes, memoryBytes }: CriUse): void {
  write(`| ${name} | ${place} | ${(cpuNs / NS_PER_S).toFixed(3)} | ${usageBytes} | ${memoryBytes} |`);
}

function write(...lines: string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`,
  '',
);
const rig = await RuntimeRig.start();
const pods = new CriPods(rig.socketPath);
try {
  await printTimes(rig, pods);
  write('');
  await printGuest();
  write('');
  await printAgreement(rig, pods);
} finally {
  await pods.close();
  await rig.close();
}
