/**
 * kata-shim over a real virtual machine of QEMU, for system tests: started, queried, and checked for what is left of it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestImage } from '../../src/shim/index.ts';
import { getFromShim } from '../../src/shim-client/index.ts';
import { runInConsole } from './debug-console.ts';
import { createMark, type MarkedProcess } from './marked-processes.ts';
import { waitUntil } from './processes.ts';
import { parseAnswer, type ReferenceSeries } from './reference-exposition.ts';
import { type RunningProgram, runProgram } from './run-program.ts';

export interface VirtualSandbox {
  /** The newest shim. */
  shim: RunningProgram;
  /** The directory of sandboxes. */
  readonly root: string;
  readonly id: string;
  /** Of the sandbox itself. */
  readonly path: string;
  /** Everything that its shims have started and that still runs. */
  readonly list: () => MarkedProcess[];
  /** The process whose program is called that. Throws when there is not exactly one. */
  findPid(program: string): number;
  /** Starts another shim over the same sandbox. */
  startShim(): void;
  /** Resolves with the series of the first response in which the agent has responded. */
  waitForAgent(): Promise<readonly ReferenceSeries[]>;
  readSeries(): Promise<readonly ReferenceSeries[]>;
  /** Runs a command in the guest. */
  runInGuest(command: string): Promise<string>;
  /** Resolves when no process is left; then what is left of its files, sockets among them. */
  findLeftovers(): Promise<string[]>;
  /** Ends what the test has left. */
  dispose(): Promise<void>;
}

const GUARD_MS = 5000;
const LOOK_MS = 20;

/** Boots the guest with a debug console. Under TCG, so that nothing depends on what the machine's KVM can do. */
export async function startVirtualSandbox(image: GuestImage, ...more: string[]): Promise<VirtualSandbox> {
  return startVirtualSandboxIn(await mkdtemp(join(tmpdir(), 'km-')), image, ...more);
}

/** The same in a directory of sandboxes that is there already. `dispose` removes it. */
export function startVirtualSandboxIn(root: string, image: GuestImage, ...more: string[]): VirtualSandbox {
  return startVirtualSandboxWith({}, root, image, ...more);
}

/** The same with variables of the environment for the shim and what it starts. */
export function startVirtualSandboxWith(
  variables: Readonly<Record<string, string>>,
  root: string,
  image: GuestImage,
  ...more: string[]
): VirtualSandbox {
  const id = randomBytes(8).toString('hex');
  const path = join(root, id);
  const { env: mark, list } = createMark();
  const env = { ...variables, ...mark };
  const args = [
    ...['run', '--sandbox-id', id, '--root', root, '--hypervisor=qemu', '--accelerator=tcg', '--debug-console'],
    ...['--kernel', image.kernelPath, '--initrd', image.initrdPath, ...more],
  ];
  const start = (): RunningProgram => runProgram('kata-shim', args, env);
  const readSeries = async (): Promise<readonly ReferenceSeries[]> => {
    const socketPath = join(path, 'shim-monitor.sock');
    const response = await getFromShim({ socketPath, path: '/metrics', timeoutMs: 60_000, maxBytes: 10_000_000 });
    return response.kind === 'ok' ? parseAnswer(response.body.toString()).series : [];
  };
  const sandbox: VirtualSandbox = {
    shim: start(),
    root,
    id,
    path,
    list,
    findPid: (program) => {
      const found = list().filter(({ args: [name = ''] }) => name.endsWith(program));
      if (found.length !== 1) {
        throw new Error(`Expected one process "${program}", found ${found.length}`);
      }
      return found[0]!.pid;
    },
    startShim: () => {
      sandbox.shim = start();
    },
    readSeries,
    waitForAgent: async () => {
      let series: readonly ReferenceSeries[] = [];
      await waitUntil(async () => {
        series = await readSeries();
        return findValue(series, 'kata_shim_agent_up') === 1;
      });
      return series;
    },
    runInGuest: (command) => runInConsole(join(path, 'console.sock'), command),
    findLeftovers: async () => {
      await waitUntil(() => list().length === 0);
      return existsSync(root) ? readdirSync(root, { recursive: true }).map(String) : [];
    },
    dispose: async () => {
      await sandbox.shim.stop();
      // The guard goes on for a moment, and removes cgroups.
      const deadlineMs = performance.now() + GUARD_MS;
      while (list().length > 0 && performance.now() < deadlineMs) {
        await sleep(LOOK_MS);
      }
      for (const { pid } of list()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended since it was listed.
        }
      }
      await waitUntil(() => list().length === 0);
      await rm(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  return sandbox;
}

/** Of the one series of that name that has these labels, perhaps among others. */
export function findValue(
  series: readonly ReferenceSeries[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return series.find((each) => {
    const own = new Map(each.labels);
    return each.name === name && Object.entries(labels).every(([label, value]) => own.get(label) === value);
  })?.value;
}
