/**
 * A hypervisor that another program starts and ends: the shim only reads its metrics.
 */
import type { Address } from '../../transport/index.ts';
import type { Hypervisor, HypervisorContext } from './hypervisor.ts';
import { watchMonitor } from './qemu/attached-monitor.ts';

export interface AttachOptions {
  readonly hypervisorPid: number;
  readonly virtiofsdPid: number | undefined;
  readonly agentAddress: Address;
  /** QMP socket of QEMU that no other program is connected to. Undefined: events of QEMU are not counted. */
  readonly qemuMonitorPath?: string | undefined;
}

const MONITOR_TIMEOUT_MS = 5_000;

/** Returns the hypervisor of a running process. Stopping it does not end that process. */
export function attachHypervisor(
  { hypervisorPid, virtiofsdPid, agentAddress, qemuMonitorPath }: AttachOptions,
  { log }: Pick<HypervisorContext, 'log'>,
): Hypervisor {
  const monitor =
    qemuMonitorPath === undefined
      ? undefined
      : watchMonitor({ socketPath: qemuMonitorPath, timeoutMs: MONITOR_TIMEOUT_MS, onProblem: log.warn });
  return {
    identity: {
      hypervisor: 'attached',
      version: undefined,
      machine: undefined,
      accelerator: undefined,
      guestKernel: undefined,
    },
    pid: hypervisorPid,
    virtiofsdPid,
    agentAddress,
    // Without its monitor, its process tells.
    isPaused: () => monitor?.isPaused() ?? false,
    collectors: monitor === undefined ? [] : [monitor.collector],
    guestUse: { kind: 'agent' },
    otherPids: () => [],
    ended: new Promise(() => undefined),
    stop: async () => monitor?.close(),
  };
}
