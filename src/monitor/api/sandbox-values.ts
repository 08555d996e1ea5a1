/**
 * The values of a sandbox for people, from the scans of its result: the same ones that the response of /metrics is written
 * from. Pure.
 */
import type { SandboxStatus } from '../../api/index.ts';
import type { DerivedMetricName } from '../../catalog/index.ts';
import { readNumber, type Scan, seriesText, sumValues } from '../../exposition/index.ts';

type SandboxValues = Pick<
  SandboxStatus,
  'agent' | 'cpu' | 'disk' | 'host' | 'load1' | 'memory' | 'network' | 'tasks' | 'uptimeSeconds'
>;

/** `derived`: the metrics in base units. `scanned`: the families of the shim. */
export function readValues(derived: Scan | undefined, scanned: Scan | undefined): SandboxValues {
  const sums = new Map(
    derived?.form.families.map((family) => [family.name, sumValues(derived, family)] as const).filter(isKnown),
  );
  const value = (name: DerivedMetricName): number | null => sums.get(name) ?? null;
  return {
    cpu: {
      usageSecondsTotal: value('kata_sandbox_cpu_usage_seconds_total'),
      cores: value('kata_sandbox_cpu_cores'),
    },
    memory: {
      totalBytes: value('kata_sandbox_memory_total_bytes'),
      availableBytes: value('kata_sandbox_memory_available_bytes'),
      workingSetBytes: value('kata_sandbox_memory_working_set_bytes'),
      oomKillsTotal: value('kata_sandbox_oom_kills_total'),
    },
    host: {
      memoryBytes: value('kata_sandbox_host_memory_bytes'),
      cpuSecondsTotal: value('kata_sandbox_host_cpu_seconds_total'),
      overheadMemoryBytes: value('kata_sandbox_overhead_memory_bytes'),
    },
    network: {
      receiveBytesTotal: value('kata_sandbox_network_receive_bytes_total'),
      transmitBytesTotal: value('kata_sandbox_network_transmit_bytes_total'),
    },
    disk: {
      readBytesTotal: value('kata_sandbox_disk_read_bytes_total'),
      writtenBytesTotal: value('kata_sandbox_disk_written_bytes_total'),
    },
    load1: value('kata_sandbox_load1'),
    tasks: value('kata_sandbox_tasks'),
    uptimeSeconds: value('kata_sandbox_guest_uptime_seconds'),
    agent: readAgentCalls(scanned),
  };
}

function isKnown(pair: readonly [string, number | undefined]): pair is readonly [string, number] {
  return pair[1] !== undefined && Number.isFinite(pair[1]);
}

const AGENT_FAMILY = 'kata_shim_agent_rpc_durations_histogram_milliseconds';
const agentLine =
  /^kata_shim_agent_rpc_durations_histogram_milliseconds_(sum|count)\{(?:.*,)?action="grpc\.GetMetricsRequest"/;

function readAgentCalls(scanned: Scan | undefined): SandboxValues['agent'] {
  const found: Record<string, number> = {};
  const family = scanned?.form.families.find(({ name }) => name === AGENT_FAMILY);
  if (scanned !== undefined && family !== undefined) {
    for (const { from, to } of family.segments) {
      for (let line = from; line < to; line++) {
        const part = agentLine.exec(seriesText(scanned.form.series, line, 'latin1'))?.[1];
        const value = part === undefined ? Number.NaN : readNumber(scanned.values, line);
        if (part !== undefined && Number.isFinite(value)) {
          found[part] = value;
        }
      }
    }
  }
  return { millisecondsTotal: found['sum'] ?? null, callsTotal: found['count'] ?? null };
}
