/**
 * A sandbox without a virtual machine, on any Linux: a process replaces the hypervisor and contains the workload; the
 * agent is another process. For trials and tests; nothing is isolated.
 */
import { release } from 'node:os';
import type { Address } from '../../../transport/index.ts';
import { type ChildEnd, describeEnd, isFailedEnd, startChildGroup } from '../../processes/child-group.ts';
import { supervise } from '../../processes/supervise.ts';
import type { Hypervisor, SandboxEnd } from '../hypervisor.ts';

export interface ProcessHypervisorOptions {
  /** Shell command. The sandbox ends when it exits. */
  readonly workloadCommand: string;
  /** The same; it must serve the agent's API on `agentAddress`. */
  readonly agentCommand: string;
  readonly agentAddress: Address;
  readonly now: () => number;
  readonly random: () => number;
  readonly onProcess: (pid: number) => void;
  /** The same, for the workload alone. */
  readonly onWorkload: (pid: number) => void;
  readonly onAgentEnd: (message: string) => void;
}

/** How long the workload and the agent have to end after SIGTERM. */
const STOP_GRACE_MS = 2_000;

/** Rejects when one of the two cannot be started. */
export async function startProcessHypervisor(options: ProcessHypervisorOptions): Promise<Hypervisor> {
  const { workloadCommand, agentCommand, agentAddress, now, random, onProcess, onWorkload, onAgentEnd } = options;
  const workload = await startChildGroup(workloadCommand, onWorkload);
  const agent = await supervise({
    start: () => startChildGroup(agentCommand, onProcess),
    onEnd: (end, restartMs) =>
      onAgentEnd(`Agent ${describeEnd(end)}, starting it again in ${Math.round(restartMs)} ms`),
    onStartFailed: (error, restartMs) =>
      onAgentEnd(`Cannot start the agent: ${String(error)}, trying again in ${Math.round(restartMs)} ms`),
    now,
    random,
  });
  return {
    identity: {
      hypervisor: 'process',
      version: undefined,
      machine: undefined,
      accelerator: undefined,
      // The machine's own: there is no other.
      guestKernel: release(),
    },
    pid: workload.pid,
    virtiofsdPid: undefined,
    agentAddress,
    collectors: [],
    // The guest is the host here, so its totals would be the whole machine's. What is left as overhead: shim and agent.
    guestUse: { kind: 'processes', processes: [{ pid: workload.pid }] },
    otherPids: () => [agent.pid()].filter((pid) => pid !== undefined),
    ended: workload.ended.then((end) => toSandboxEnd(end, workloadCommand)),
    stop: async () => {
      await Promise.all([agent.stop({ graceMs: STOP_GRACE_MS }), workload.stop({ graceMs: STOP_GRACE_MS })]);
    },
  };
}

/** Meaning of the exit codes of a shell for a command that never ran. See "Exit Status for Commands" in POSIX. */
const SHELL_REASONS: ReadonlyMap<number | null, string> = new Map([
  [126, 'it cannot be executed'],
  [127, 'there is no such command'],
]);

function toSandboxEnd(end: ChildEnd, command: string): SandboxEnd {
  const notRun = SHELL_REASONS.get(end.code);
  const reason = notRun === undefined ? '' : `: ${notRun}`;
  return { reason: `Workload "${command}" ${describeEnd(end)}${reason}`, isFailure: isFailedEnd(end) };
}
