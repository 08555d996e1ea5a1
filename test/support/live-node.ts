/**
 * A node that is all real: sandboxes without virtual machines, each a kata-shim with its kata-agent and a workload, and
 * one kata-monitor over them; every program its own process on the real /proc.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pickUrl, programCommand, type RunningProgram, runCommand, runProgram } from './run-program.ts';

export interface LiveNode {
  /** Of the monitor. */
  readonly url: string;
  /** Where the sandboxes are. */
  readonly root: string;
  readonly monitor: RunningProgram;
  /** The shim of each sandbox by its id. */
  readonly shims: ReadonlyMap<string, RunningProgram>;
  /** Ends everything and removes what was made. */
  stop(): Promise<void>;
}

export interface LiveNodeOptions {
  readonly ids: readonly string[];
  /** What runs in each sandbox; default: what kata-shim runs by itself. */
  readonly workloadCommand?: string;
  /** Where the monitor runs, and where it listens there. Default: here, on a free port. */
  readonly monitor?: { readonly inside: readonly string[]; readonly listenAddress: string };
  /** Further options of the monitor. */
  readonly monitorArgs?: readonly string[];
}

export async function startLiveNode({
  ids,
  workloadCommand,
  monitor: { inside, listenAddress } = { inside: [], listenAddress: '127.0.0.1:0' },
  monitorArgs = [],
}: LiveNodeOptions): Promise<LiveNode> {
  // Short: the path of a socket has at most 107 bytes, and an id takes 64 of them.
  const root = await mkdtemp(join(tmpdir(), 'kn-'));
  const workload = workloadCommand === undefined ? [] : [`--workload-command=${workloadCommand}`];
  const shims = new Map(
    ids.map((id) => [
      id,
      runProgram('kata-shim', ['run', `--sandbox-id=${id}`, '--hypervisor=process', `--root=${root}`, ...workload]),
    ]),
  );
  const command = [...inside, ...programCommand('kata-monitor'), `--listen-address=${listenAddress}`] as const;
  let monitor: RunningProgram | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([monitor, ...shims.values()].map((program) => program?.stop()));
    await rm(root, { recursive: true, maxRetries: 10 });
  };
  try {
    for (const shim of shims.values()) {
      await shim.waitForLine((line) => (line.includes('Serving on') ? true : undefined));
      // The agent's own word, which its shim passes on.
      await shim.waitForLine((line) => (line.includes('Listening on') ? true : undefined));
    }
    // After the shims: one that finds the mailbox of a monitor starts a guard, and has a cgroup where it may make one.
    monitor = runCommand([...command, `--sandboxes-root=${root}`, ...monitorArgs] as unknown as [string, ...string[]]);
    return { url: await monitor.waitForLine(pickUrl), root, monitor, shims, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
