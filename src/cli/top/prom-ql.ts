/**
 * The queries of `--prometheus`, and instant queries to the API of Prometheus. Only reads.
 */
import type { SandboxRates } from '../../view/index.ts';
import type { ByteBudget, JsonClient } from './json-client.ts';

/** Several scrapes at the usual interval of 15 s. */
const RATE_WINDOW = '2m';
/** A monitor that Prometheus cannot scrape any more is missed for this long. */
const MISSED_FOR = '1h';

export const SANDBOX_PREFIX = 'kata_sandbox_';

/** Names of gauges, without their prefix. */
export const sandboxGauges = [
  'up',
  'guest_up',
  'scrape_error',
  'scrape_samples',
  'scrape_duration_seconds',
  'last_success_age_seconds',
  'created_seconds',
  'restarts_total',
  'state_start_time_seconds',
  'cpu_cores',
  'memory_total_bytes',
  'memory_available_bytes',
  'memory_working_set_bytes',
  'host_memory_bytes',
  'overhead_memory_bytes',
  'oom_kills_total',
  'load1',
  'tasks',
  'guest_uptime_seconds',
] as const;

export type SandboxGauge = (typeof sandboxGauges)[number];

/** When the shim was started, for a sandbox whose creation the container manager does not tell. */
export const SHIM_START = 'kata_shim_process_start_time_seconds';
/** 1 for a virtual machine that is paused. */
export const PAUSED = 'kata_hypervisor_paused';

export const GAUGES_QUERY = `{__name__=~"${SANDBOX_PREFIX}(?:${sandboxGauges.join('|')})|${SHIM_START}|${PAUSED}"}`;
/** When each sandbox was scraped. */
export const SCRAPE_TIME_QUERY = `timestamp(${SANDBOX_PREFIX}up)`;
/** 1 for each monitor that Prometheus can scrape, 0 for each that it could scrape before. */
export const MONITORS_QUERY = `up and on (job, instance) count_over_time(kata_monitor_running_shim_count[${MISSED_FOR}])`;

function rateOf(name: string, matcher = ''): string {
  return `sum by (instance, sandbox_id) (rate(${name}${matcher}[${RATE_WINDOW}]))`;
}

const RPC = 'kata_shim_agent_rpc_durations_histogram_milliseconds';

export const rateQueries: Readonly<Record<keyof SandboxRates, string>> = {
  cpuCores: rateOf(`${SANDBOX_PREFIX}cpu_usage_seconds_total`),
  hostCpuCores: rateOf(`${SANDBOX_PREFIX}host_cpu_seconds_total`),
  receiveBytes: rateOf(`${SANDBOX_PREFIX}network_receive_bytes_total`),
  transmitBytes: rateOf(`${SANDBOX_PREFIX}network_transmit_bytes_total`),
  readBytes: rateOf(`${SANDBOX_PREFIX}disk_read_bytes_total`),
  writtenBytes: rateOf(`${SANDBOX_PREFIX}disk_written_bytes_total`),
  agentMilliseconds: `${rateOf(`${RPC}_sum`, '{action="grpc.GetMetricsRequest"}')} / ${rateOf(`${RPC}_count`, '{action="grpc.GetMetricsRequest"}')}`,
};

/** Every family of one sandbox. `instance`: the target that reports it. */
export function sandboxQuery(id: string, instance: string): string {
  return `{sandbox_id=${JSON.stringify(id)},instance=${JSON.stringify(instance)}}`;
}

/** A sample of an instant vector. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Time in seconds since 1970, and the value as text. */
  readonly value: readonly [number, string];
}

/** @throws {CliError}, and the signal's reason */
export async function query(
  client: JsonClient,
  expression: string,
  signal: AbortSignal,
  budget: ByteBudget,
): Promise<readonly Series[]> {
  const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
  const response = (await client.get(path, signal, {}, budget)) as {
    status?: string;
    data?: { result?: unknown };
  } | null;
  const result = response?.data?.result;
  if (response?.status !== 'success' || !Array.isArray(result) || !result.every(isSeries)) {
    throw client.fail('it is not the query API of Prometheus');
  }
  return result;
}

function isSeries(value: Partial<Series> | null): value is Series {
  const { metric, value: sample } = value ?? {};
  return (
    typeof metric === 'object' &&
    metric !== null &&
    Object.values(metric).every((label) => typeof label === 'string') &&
    Array.isArray(sample) &&
    Number.isFinite(sample[0]) &&
    typeof sample[1] === 'string'
  );
}
