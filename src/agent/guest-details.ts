/**
 * Facts about the memory of the guest that a container manager needs before it adds memory, read from /sys on request.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestDetailsRequest } from '../proto/index.ts';

export interface MemoryDetails {
  /** Bytes by which memory can be added; 0 when not requested, or where the kernel cannot add any. */
  readonly memBlockSizeBytes: bigint;
  /** The kernel requires a notification of added memory. */
  readonly supportMemHotplugProbe: boolean;
}

const MEMORY_DIRECTORY = 'devices/system/memory';

/** Reads only what is requested. See Documentation/admin-guide/mm/memory-hotplug.rst of the kernel. */
export function readMemoryDetails(
  { memBlockSize, memHotplugProbe }: Pick<GuestDetailsRequest, 'memBlockSize' | 'memHotplugProbe'>,
  sysRoot: string,
): MemoryDetails {
  return {
    memBlockSizeBytes: memBlockSize ? readBlockSize(join(sysRoot, MEMORY_DIRECTORY, 'block_size_bytes')) : 0n,
    supportMemHotplugProbe: memHotplugProbe && existsSync(join(sysRoot, MEMORY_DIRECTORY, 'probe')),
  };
}

/** The file has hexadecimal digits without a prefix. */
function readBlockSize(path: string): bigint {
  try {
    const digits = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f]{1,16}$/i.test(digits) ? BigInt(`0x${digits}`) : 0n;
  } catch {
    // The file does not exist because this kernel has no memory hotplug, which 0 means.
    return 0n;
  }
}
