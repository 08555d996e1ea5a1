/**
 * Converts messages to the types of this module. Text that cannot be a label value is rejected here, for all callers.
 */

import { CONTAINER_RUNNING } from '../proto/cri-messages.ts';
import type { Container, ContainerStats, PodSandbox, UInt64Value, VersionResponse } from '../proto/index.ts';
import { CriError } from './cri-error.ts';
import type { CriContainer, CriContainerStats, CriPod, CriVersion } from './cri-types.ts';

/** Kubernetes limits names to 253 characters, images to far below this: a peer that sends more is no container manager. */
const MAX_TEXT_LENGTH = 4096;

/**
 * Limit of the annotation: 16 exporters with the longest names and addresses have 5.5 KB. A longer one is cut, and ends with a text
 * that no exporter has, so that the last item does not become another address.
 */
const MAX_EXPORTERS_LENGTH = 8192;
const CUT = ' ...';

/** Selects exporters in the guest: docs/guest-exporters.md. */
const EXPORTERS_ANNOTATION = 'kata-metrics/guest-exporters';

/** @throws {CriError} `invalid_response` for texts that no container manager has. */
export function toVersion(response: VersionResponse, apiVersion: CriVersion['apiVersion']): CriVersion {
  return {
    runtimeName: checkText('runtime_name', response.runtimeName),
    runtimeVersion: checkText('runtime_version', response.runtimeVersion),
    apiVersion,
  };
}

/** @throws {CriError} likewise. */
export function toPod({ id, metadata, createdAt, labels, annotations, runtimeHandler }: PodSandbox): CriPod {
  const guestExporters = annotations[EXPORTERS_ANNOTATION];
  return {
    id: checkText('id', id),
    uid: checkText('uid', metadata?.uid ?? ''),
    name: checkText('name', metadata?.name ?? ''),
    namespace: checkText('namespace', metadata?.namespace ?? ''),
    createdNs: positive(createdAt),
    labels,
    ...(guestExporters !== undefined && { guestExporters: cutAnnotation(guestExporters) }),
    runtimeHandler: checkText('runtime_handler', runtimeHandler),
  };
}

function cutAnnotation(text: string): string {
  return text.length > MAX_EXPORTERS_LENGTH ? `${text.slice(0, MAX_EXPORTERS_LENGTH)}${CUT}` : text;
}

/** @throws {CriError} likewise. */
export function toContainer({ id, podSandboxId, metadata, image, state, createdAt }: Container): CriContainer {
  return {
    id: checkText('id', id),
    podId: podSandboxId,
    name: checkText('name', metadata?.name ?? ''),
    image: checkText('image', image?.image ?? ''),
    isRunning: state === CONTAINER_RUNNING,
    createdNs: positive(createdAt),
  };
}

export function toContainerStats({ attributes, cpu, memory, writableLayer }: ContainerStats): CriContainerStats {
  const reads = [cpu, memory, writableLayer].map((part) => part?.timestamp ?? 0n).sort((a, b) => (a < b ? 1 : -1));
  return {
    containerId: attributes?.id ?? '',
    readNs: positive(reads[0]!),
    cpuUsageNs: unwrap(cpu?.usageCoreNanoSeconds),
    workingSetBytes: unwrap(memory?.workingSetBytes),
    memoryUsageBytes: unwrap(memory?.usageBytes),
    rssBytes: unwrap(memory?.rssBytes),
    pageFaults: unwrap(memory?.pageFaults),
    majorPageFaults: unwrap(memory?.majorPageFaults),
    filesystemUsedBytes: unwrap(writableLayer?.usedBytes),
    filesystemInodesUsed: unwrap(writableLayer?.inodesUsed),
    filesystemMountpoint: writableLayer?.fsId?.mountpoint ?? '',
  };
}

/** An unsigned number above this was below 0 once: no counter and no memory gets there. */
const MAX_SIGNED = 2n ** 63n - 1n;

function unwrap(wrapper: UInt64Value | undefined): bigint | undefined {
  return wrapper === undefined || wrapper.value > MAX_SIGNED ? undefined : wrapper.value;
}

function positive(value: bigint): bigint | undefined {
  return value > 0n ? value : undefined;
}

function checkText(what: string, text: string): string {
  if (text.length > MAX_TEXT_LENGTH) {
    throw new CriError(
      'invalid_response',
      `Response has a text of ${text.length} characters as ${what}, the limit is ${MAX_TEXT_LENGTH}`,
    );
  }
  return text;
}
