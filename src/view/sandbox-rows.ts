/**
 * Sandboxes with their rates, from two snapshots of the API. Pure.
 */
import type { SandboxStatus, Snapshot } from '../api/index.ts';

/** Means since the earlier snapshot, or those that Prometheus has computed; undefined where a counter is unknown, or was started again in between. */
export interface SandboxRates {
  /** CPUs of the guest in use. */
  readonly cpuCores: number | undefined;
  /** CPUs of the host that the processes of the sandbox use. */
  readonly hostCpuCores: number | undefined;
  readonly receiveBytes: number | undefined;
  readonly transmitBytes: number | undefined;
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
  /** Mean duration of a call to the agent; since the start of the shim without an earlier snapshot. */
  readonly agentMilliseconds: number | undefined;
}

export interface SandboxRow {
  readonly status: SandboxStatus;
  readonly rates: SandboxRates;
  /** Time by the clock of the node, in seconds since 1970. */
  readonly nowSeconds: number;
}

/** The rows of `now`, in its order. `before`: an earlier snapshot of the same node, if there is one. */
export function toRows({ node, sandboxes }: Snapshot, before?: Snapshot): SandboxRow[] {
  const earlier = new Map(before?.sandboxes.map((sandbox) => [sandbox.id, sandbox]));
  return sandboxes.map((status) => ({
    status,
    rates: toRates(status, earlier.get(status.id)),
    nowSeconds: node.nowSeconds,
  }));
}

function toRates(now: SandboxStatus, before: SandboxStatus | undefined): SandboxRates {
  if (now.rates !== null) {
    return toKnown(now.rates);
  }
  // Not from the end of the collection, which waits seconds for other shims.
  const hostSeconds = rise(before?.readSeconds ?? null, now.readSeconds) ?? 0;
  // By the clock of the guest, which is read with its counters: a response may be late, on a busy host by a part of a second.
  const guestSeconds = hostSeconds && (rise(before?.uptimeSeconds ?? null, now.uptimeSeconds) || hostSeconds);
  const rateOver = (seconds: number, pick: (status: SandboxStatus) => number | null): number | undefined =>
    quotient(rise(before === undefined ? null : pick(before), pick(now)), seconds);
  const rate = (pick: (status: SandboxStatus) => number | null): number | undefined => rateOver(guestSeconds, pick);
  const calls = rise(before?.agent.callsTotal ?? null, now.agent.callsTotal);
  return {
    cpuCores: rate(({ cpu }) => cpu.usageSecondsTotal),
    hostCpuCores: rateOver(hostSeconds, ({ host }) => host.cpuSecondsTotal),
    receiveBytes: rate(({ network }) => network.receiveBytesTotal),
    transmitBytes: rate(({ network }) => network.transmitBytesTotal),
    readBytes: rate(({ disk }) => disk.readBytesTotal),
    writtenBytes: rate(({ disk }) => disk.writtenBytesTotal),
    agentMilliseconds:
      quotient(rise(before?.agent.millisecondsTotal ?? null, now.agent.millisecondsTotal), calls) ??
      quotient(now.agent.millisecondsTotal ?? undefined, now.agent.callsTotal ?? undefined),
  };
}

function toKnown(rates: NonNullable<SandboxStatus['rates']>): SandboxRates {
  return {
    cpuCores: rates.cpuCores ?? undefined,
    hostCpuCores: rates.hostCpuCores ?? undefined,
    receiveBytes: rates.receiveBytes ?? undefined,
    transmitBytes: rates.transmitBytes ?? undefined,
    readBytes: rates.readBytes ?? undefined,
    writtenBytes: rates.writtenBytes ?? undefined,
    agentMilliseconds: rates.agentMilliseconds ?? undefined,
  };
}

function rise(before: number | null, now: number | null): number | undefined {
  return before === null || now === null || now < before ? undefined : now - before;
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || !(b > 0) ? undefined : a / b;
}

const SHORT_ID_LENGTH = 12;

/** `namespace/pod`, or the beginning of the id. */
export function sandboxName({ namespace, pod, id }: Pick<SandboxStatus, 'id' | 'namespace' | 'pod'>): string {
  return pod === null ? id.slice(0, SHORT_ID_LENGTH) : `${namespace ?? ''}/${pod}`;
}
