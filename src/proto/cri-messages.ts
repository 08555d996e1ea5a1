/**
 * The used part of the Container Runtime Interface, with its messages as tables: for programs that do not load the
 * generated code. Names and numbers are those of cri.proto; a test compares them.
 */
import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { type Field, TableType, unaryService } from '../wire/index.ts';
import type * as cri from './gen/cri_pb.ts';

/** Limit of items in a response: a node may have 10,000 pods, each with tens of labels and annotations. */
const MAX_ITEMS = 1_000_000;

function table<S extends DescMessage>(name: string, ...fields: readonly Field[]) {
  return new TableType<MessageShape<S>, MessageInitShape<S>>(`runtime.v1.${name}`, fields, { maxItems: MAX_ITEMS });
}

const ContainerMetadata = table<typeof cri.ContainerMetadataSchema>(
  'ContainerMetadata',
  [1, 'name', 'string'],
  [2, 'attempt', 'uint32'],
);

const UInt64Value = table<typeof cri.UInt64ValueSchema>('UInt64Value', [1, 'value', 'uint64']);

const PodSandbox = table<typeof cri.PodSandboxSchema>(
  'PodSandbox',
  [1, 'id', 'string'],
  [
    2,
    'metadata',
    table<typeof cri.PodSandboxMetadataSchema>(
      'PodSandboxMetadata',
      [1, 'name', 'string'],
      [2, 'uid', 'string'],
      [3, 'namespace', 'string'],
    ),
  ],
  [4, 'createdAt', 'int64'],
  [5, 'labels', 'string', 'map'],
  [6, 'annotations', 'string', 'map'],
  [7, 'runtimeHandler', 'string'],
);

const Container = table<typeof cri.ContainerSchema>(
  'Container',
  [1, 'id', 'string'],
  [2, 'podSandboxId', 'string'],
  [3, 'metadata', ContainerMetadata],
  [4, 'image', table<typeof cri.ImageSpecSchema>('ImageSpec', [1, 'image', 'string'])],
  [5, 'imageRef', 'string'],
  [6, 'state', 'enum'],
  [7, 'createdAt', 'int64'],
);

const ContainerStats = table<typeof cri.ContainerStatsSchema>(
  'ContainerStats',
  [
    1,
    'attributes',
    table<typeof cri.ContainerAttributesSchema>(
      'ContainerAttributes',
      [1, 'id', 'string'],
      [2, 'metadata', ContainerMetadata],
    ),
  ],
  [
    2,
    'cpu',
    table<typeof cri.CpuUsageSchema>(
      'CpuUsage',
      [1, 'timestamp', 'int64'],
      [2, 'usageCoreNanoSeconds', UInt64Value],
      [3, 'usageNanoCores', UInt64Value],
    ),
  ],
  [
    3,
    'memory',
    table<typeof cri.MemoryUsageSchema>(
      'MemoryUsage',
      [1, 'timestamp', 'int64'],
      [2, 'workingSetBytes', UInt64Value],
      [3, 'availableBytes', UInt64Value],
      [4, 'usageBytes', UInt64Value],
      [5, 'rssBytes', UInt64Value],
      [6, 'pageFaults', UInt64Value],
      [7, 'majorPageFaults', UInt64Value],
    ),
  ],
  [
    4,
    'writableLayer',
    table<typeof cri.FilesystemUsageSchema>(
      'FilesystemUsage',
      [1, 'timestamp', 'int64'],
      [2, 'fsId', table<typeof cri.FilesystemIdentifierSchema>('FilesystemIdentifier', [1, 'mountpoint', 'string'])],
      [3, 'usedBytes', UInt64Value],
      [4, 'inodesUsed', UInt64Value],
    ),
  ],
);

export const RuntimeService = unaryService('runtime.v1.RuntimeService', {
  version: [
    table<typeof cri.VersionRequestSchema>('VersionRequest', [1, 'version', 'string']),
    table<typeof cri.VersionResponseSchema>(
      'VersionResponse',
      [1, 'version', 'string'],
      [2, 'runtimeName', 'string'],
      [3, 'runtimeVersion', 'string'],
      [4, 'runtimeApiVersion', 'string'],
    ),
  ],
  listPodSandbox: [
    table<typeof cri.ListPodSandboxRequestSchema>('ListPodSandboxRequest', [
      1,
      'filter',
      table<typeof cri.PodSandboxFilterSchema>('PodSandboxFilter', [1, 'id', 'string']),
    ]),
    table<typeof cri.ListPodSandboxResponseSchema>('ListPodSandboxResponse', [1, 'items', PodSandbox, 'repeated']),
  ],
  listContainers: [
    table<typeof cri.ListContainersRequestSchema>('ListContainersRequest'),
    table<typeof cri.ListContainersResponseSchema>('ListContainersResponse', [1, 'containers', Container, 'repeated']),
  ],
  listContainerStats: [
    table<typeof cri.ListContainerStatsRequestSchema>('ListContainerStatsRequest'),
    table<typeof cri.ListContainerStatsResponseSchema>('ListContainerStatsResponse', [
      1,
      'stats',
      ContainerStats,
      'repeated',
    ]),
  ],
});

/** The state of a container that runs. */
export const CONTAINER_RUNNING = 1 satisfies typeof cri.ContainerState.CONTAINER_RUNNING;
