/**
 * The services of the guest agent that concern metrics, with their messages as tables: for programs that do not load the
 * generated code, which takes 1.6 MiB. Names and numbers are those of agent.proto and health.proto; a test compares them.
 */
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Field, TableType, TextMessage, unaryService } from '../wire/index.ts';
import type * as agent from './gen/agent_pb.ts';
import type * as health from './gen/health_pb.ts';

function table<S extends DescMessage>(name: string, ...fields: readonly Field[]) {
  return new TableType<MessageShape<S>, MessageInitShape<S>>(`grpc.${name}`, fields);
}

/** Number of the text in the response to GetMetrics. */
export const METRICS_NUMBER = 1;

const Metrics = new TextMessage<MessageShape<typeof agent.MetricsSchema>, 'metrics'>(
  'grpc.Metrics',
  METRICS_NUMBER,
  'metrics',
);

const AgentDetails = table<typeof agent.AgentDetailsSchema>(
  'AgentDetails',
  [1, 'version', 'string'],
  [2, 'initDaemon', 'bool'],
  [3, 'deviceHandlers', 'string', 'repeated'],
  [4, 'storageHandlers', 'string', 'repeated'],
  [5, 'supportsSeccomp', 'bool'],
  [6, 'extraFeatures', 'string', 'repeated'],
);

const CpuUsage = table<typeof agent.CpuUsageSchema>(
  'CpuUsage',
  [1, 'totalUsage', 'uint64'],
  [2, 'percpuUsage', 'uint64', 'repeated'],
  [3, 'usageInKernelmode', 'uint64'],
  [4, 'usageInUsermode', 'uint64'],
);

const ThrottlingData = table<typeof agent.ThrottlingDataSchema>(
  'ThrottlingData',
  [1, 'periods', 'uint64'],
  [2, 'throttledPeriods', 'uint64'],
  [3, 'throttledTime', 'uint64'],
);

const MemoryData = table<typeof agent.MemoryDataSchema>(
  'MemoryData',
  [1, 'usage', 'uint64'],
  [2, 'maxUsage', 'uint64'],
  [3, 'failcnt', 'uint64'],
  [4, 'limit', 'uint64'],
);

const BlkioStatsEntry = table<typeof agent.BlkioStatsEntrySchema>(
  'BlkioStatsEntry',
  [1, 'major', 'uint64'],
  [2, 'minor', 'uint64'],
  [3, 'op', 'string'],
  [4, 'value', 'uint64'],
);

const CgroupStats = table<typeof agent.CgroupStatsSchema>(
  'CgroupStats',
  [
    1,
    'cpuStats',
    table<typeof agent.CpuStatsSchema>('CpuStats', [1, 'cpuUsage', CpuUsage], [2, 'throttlingData', ThrottlingData]),
  ],
  [
    2,
    'memoryStats',
    table<typeof agent.MemoryStatsSchema>(
      'MemoryStats',
      [1, 'cache', 'uint64'],
      [2, 'usage', MemoryData],
      [3, 'swapUsage', MemoryData],
      [4, 'kernelUsage', MemoryData],
      [5, 'useHierarchy', 'bool'],
      [6, 'stats', 'uint64', 'map'],
    ),
  ],
  [3, 'pidsStats', table<typeof agent.PidsStatsSchema>('PidsStats', [1, 'current', 'uint64'], [2, 'limit', 'uint64'])],
  [
    4,
    'blkioStats',
    table<typeof agent.BlkioStatsSchema>(
      'BlkioStats',
      [1, 'ioServiceBytesRecursive', BlkioStatsEntry, 'repeated'],
      [2, 'ioServicedRecursive', BlkioStatsEntry, 'repeated'],
      [3, 'ioQueuedRecursive', BlkioStatsEntry, 'repeated'],
      [4, 'ioServiceTimeRecursive', BlkioStatsEntry, 'repeated'],
      [5, 'ioWaitTimeRecursive', BlkioStatsEntry, 'repeated'],
      [6, 'ioMergedRecursive', BlkioStatsEntry, 'repeated'],
      [7, 'ioTimeRecursive', BlkioStatsEntry, 'repeated'],
      [8, 'sectorsRecursive', BlkioStatsEntry, 'repeated'],
    ),
  ],
  [
    5,
    'hugetlbStats',
    table<typeof agent.HugetlbStatsSchema>(
      'HugetlbStats',
      [1, 'usage', 'uint64'],
      [2, 'maxUsage', 'uint64'],
      [3, 'failcnt', 'uint64'],
    ),
    'map',
  ],
);

const NetworkStats = table<typeof agent.NetworkStatsSchema>(
  'NetworkStats',
  [1, 'name', 'string'],
  [2, 'rxBytes', 'uint64'],
  [3, 'rxPackets', 'uint64'],
  [4, 'rxErrors', 'uint64'],
  [5, 'rxDropped', 'uint64'],
  [6, 'txBytes', 'uint64'],
  [7, 'txPackets', 'uint64'],
  [8, 'txErrors', 'uint64'],
  [9, 'txDropped', 'uint64'],
);

export const AgentService = unaryService('grpc.AgentService', {
  getMetrics: [table<typeof agent.GetMetricsRequestSchema>('GetMetricsRequest'), Metrics],
  getGuestDetails: [
    table<typeof agent.GuestDetailsRequestSchema>(
      'GuestDetailsRequest',
      [1, 'memBlockSize', 'bool'],
      [2, 'memHotplugProbe', 'bool'],
    ),
    table<typeof agent.GuestDetailsResponseSchema>(
      'GuestDetailsResponse',
      [1, 'memBlockSizeBytes', 'uint64'],
      [2, 'agentDetails', AgentDetails],
      [3, 'supportMemHotplugProbe', 'bool'],
    ),
  ],
  statsContainer: [
    table<typeof agent.StatsContainerRequestSchema>('StatsContainerRequest', [1, 'containerId', 'string']),
    table<typeof agent.StatsContainerResponseSchema>(
      'StatsContainerResponse',
      [1, 'cgroupStats', CgroupStats],
      [2, 'networkStats', NetworkStats, 'repeated'],
    ),
  ],
  getOOMEvent: [
    table<typeof agent.GetOOMEventRequestSchema>('GetOOMEventRequest'),
    table<typeof agent.OOMEventSchema>('OOMEvent', [1, 'containerId', 'string']),
  ],
});

export const ExporterService = unaryService('grpc.ExporterService', {
  readExporter: [
    table<typeof agent.ReadExporterRequestSchema>(
      'ReadExporterRequest',
      [1, 'address', 'string'],
      [2, 'maxBytes', 'uint32'],
      [3, 'timeoutMs', 'uint32'],
    ),
    table<typeof agent.ReadExporterResponseSchema>(
      'ReadExporterResponse',
      [1, 'body', 'bytes'],
      [2, 'isTruncated', 'bool'],
    ),
  ],
});

const CheckRequest = table<typeof health.CheckRequestSchema>('CheckRequest', [1, 'service', 'string']);

export const Health = unaryService('grpc.Health', {
  check: [CheckRequest, table<typeof health.HealthCheckResponseSchema>('HealthCheckResponse', [1, 'status', 'enum'])],
  version: [
    CheckRequest,
    table<typeof health.VersionCheckResponseSchema>(
      'VersionCheckResponse',
      [1, 'grpcVersion', 'string'],
      [2, 'agentVersion', 'string'],
    ),
  ],
});

/** The status of an agent that serves. */
export const SERVING = 1 satisfies typeof health.HealthCheckResponse_ServingStatus.SERVING;
