/**
 * A Firecracker that another program starts and ends: the shim reads its metrics, where their path is configured, and
 * requests its version.
 */
import type { Address } from '../../../transport/index.ts';
import type { Hypervisor, HypervisorContext } from '../hypervisor.ts';
import { FirecrackerApi } from './api.ts';
import { openFirecrackerMetrics } from './metrics.ts';
import { readVersion } from './version.ts';

export interface FirecrackerAttachOptions {
  readonly hypervisorPid: number;
  readonly agentAddress: Address;
  /** Undefined where it is not known: then no fresh metrics are requested. */
  readonly apiSocketPath: string | undefined;
  /** The FIFO or file that Firecracker is configured to write to. No other program may read the FIFO: each line has one reader. */
  readonly metricsPath: string | undefined;
}

/** Less than the agent's timeout within a request, which includes this one. */
const API_TIMEOUT_MS = 500;

/** @throws {Error} the system error when the directory of the metrics is not there. */
export async function attachFirecracker(
  { hypervisorPid, agentAddress, apiSocketPath, metricsPath }: FirecrackerAttachOptions,
  { log }: Pick<HypervisorContext, 'log'>,
): Promise<Hypervisor> {
  const api =
    apiSocketPath === undefined
      ? undefined
      : new FirecrackerApi({ socketPath: apiSocketPath, timeoutMs: API_TIMEOUT_MS });
  const metrics =
    metricsPath === undefined
      ? undefined
      : openFirecrackerMetrics({
          path: metricsPath,
          api,
          now: () => performance.now(),
          wallClock: Date.now,
          onProblem: (message) => log.warn(message),
        });
  return {
    identity: {
      hypervisor: 'firecracker',
      version: api && (await readVersion(api, (message) => log.warn(message))),
      machine: undefined,
      accelerator: 'kvm',
      guestKernel: undefined,
    },
    pid: hypervisorPid,
    virtiofsdPid: undefined,
    agentAddress,
    // Without a request to its API, its process tells.
    isPaused: () => false,
    collectors: metrics === undefined ? [] : [metrics.collector],
    guestUse: { kind: 'agent' },
    otherPids: () => [],
    ended: new Promise(() => undefined),
    stop: async () => metrics?.close(),
  };
}
