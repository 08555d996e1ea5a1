/**
 * The response to StatsContainer: the cgroup and the network of one container. Reads on request only.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { ID_RULE, isId } from '../../ids/index.ts';
import {
  type CgroupHierarchy,
  cgroupDirectory,
  type NetDevice,
  type Procfs,
  readCgroupProcs,
  readNetDev,
} from '../../procfs/index.ts';
import type { StatsContainerResponseSchema } from '../../proto/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { readCgroupV1Stats } from './cgroup-v1-stats.ts';
import { readCgroupV2Stats } from './cgroup-v2-stats.ts';
import type { ContainerFinder } from './find-container.ts';
import { type CgroupStatsInit, type NetworkStatsInit, toU64 } from './stats-message.ts';

export interface ContainersOptions {
  readonly procfs: Procfs;
  /** Undefined where no cgroups are mounted: then no container is known. */
  readonly hierarchy: CgroupHierarchy | undefined;
  readonly finder: ContainerFinder | undefined;
}

export type StatsContainerInit = MessageInitShape<typeof StatsContainerResponseSchema>;

/** Message for an unknown container, as in the existing agents; the shims recognize the text. */
const UNKNOWN_CONTAINER = 'invalid container id';

/** @throws {TtrpcError} INVALID_ARGUMENT for text that is no id, and for a container that is not there. */
export function createStatsContainer({
  procfs,
  hierarchy,
  finder,
}: ContainersOptions): (id: string) => Promise<StatsContainerInit> {
  return async (id) => {
    if (!isId(id)) {
      throw new TtrpcError(Code.invalidArgument, `Container id must be ${ID_RULE}`);
    }
    const path = await finder?.find(id);
    if (hierarchy === undefined || path === undefined) {
      throw new TtrpcError(Code.invalidArgument, UNKNOWN_CONTAINER);
    }
    const [cgroupStats, networkStats] = await Promise.all([
      readCgroupStats(procfs, hierarchy, path),
      readNetwork(procfs, hierarchy, path),
    ]);
    return { cgroupStats, networkStats };
  };
}

function readCgroupStats({ skipped }: Procfs, hierarchy: CgroupHierarchy, path: string): Promise<CgroupStatsInit> {
  return hierarchy.kind === 'v2'
    ? readCgroupV2Stats(cgroupDirectory(hierarchy, '', path, skipped)!)
    : readCgroupV1Stats((controller) => cgroupDirectory(hierarchy, controller, path, skipped));
}

/**
 * Reads the network of the container's first process: with Kata Containers this is that of the guest, which all
 * containers of a pod share. For a container without processes, reads that of the agent.
 */
async function readNetwork(procfs: Procfs, hierarchy: CgroupHierarchy, path: string): Promise<NetworkStatsInit[]> {
  const { skipped } = procfs;
  const cgroup =
    cgroupDirectory(hierarchy, 'memory', path, skipped) ?? cgroupDirectory(hierarchy, 'cpuacct', path, skipped);
  const [pid] = (cgroup && (await readCgroupProcs(cgroup))) ?? [];
  const devices =
    (pid === undefined || pid === 0 ? undefined : await readNetDev(procfs, pid)) ?? (await readNetDev(procfs));
  return (devices ?? []).filter(({ name }) => name !== 'lo').map(toNetworkStats);
}

function toNetworkStats({ name, receive, transmit }: NetDevice): NetworkStatsInit {
  return {
    name,
    rxBytes: toU64(receive.bytes),
    rxPackets: toU64(receive.packets),
    rxErrors: toU64(receive.errs),
    rxDropped: toU64(receive.drop),
    txBytes: toU64(transmit.bytes),
    txPackets: toU64(transmit.packets),
    txErrors: toU64(transmit.errs),
    txDropped: toU64(transmit.drop),
  };
}
