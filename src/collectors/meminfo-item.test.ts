import { describe, expect, it } from 'vitest';
import { catalog } from '../catalog/index.ts';
import { toMeminfoItem } from './meminfo-item.ts';

/** Every name that the kernel's fs/proc/meminfo.c has had from 3.x to 6.x, with what the contract calls it. */
const KNOWN: readonly [string, string][] = [
  ['MemTotal', 'mem_total'],
  ['MemFree', 'mem_free'],
  ['MemAvailable', 'mem_available'],
  ['Buffers', 'buffers'],
  ['Cached', 'cached'],
  ['SwapCached', 'swap_cached'],
  ['Active', 'active'],
  ['Inactive', 'inactive'],
  ['Active(anon)', 'active_anon'],
  ['Inactive(anon)', 'inactive_anon'],
  ['Active(file)', 'active_file'],
  ['Inactive(file)', 'inactive_file'],
  ['Unevictable', 'unevictable'],
  ['Mlocked', 'mlocked'],
  ['HighTotal', 'high_total'],
  ['HighFree', 'high_free'],
  ['LowTotal', 'low_total'],
  ['LowFree', 'low_free'],
  ['MmapCopy', 'mmap_copy'],
  ['SwapTotal', 'swap_total'],
  ['SwapFree', 'swap_free'],
  ['Dirty', 'dirty'],
  ['Writeback', 'writeback'],
  ['AnonPages', 'anon_pages'],
  ['Mapped', 'mapped'],
  ['Shmem', 'shmem'],
  ['KReclaimable', 'k_reclaimable'],
  ['Slab', 'slab'],
  ['SReclaimable', 's_reclaimable'],
  ['SUnreclaim', 's_unreclaim'],
  ['KernelStack', 'kernel_stack'],
  ['PageTables', 'page_tables'],
  ['Quicklists', 'quicklists'],
  ['NFS_Unstable', 'nfs_unstable'],
  ['Bounce', 'bounce'],
  ['WritebackTmp', 'writeback_tmp'],
  ['CommitLimit', 'commit_limit'],
  ['Committed_AS', 'committed_as'],
  ['VmallocTotal', 'vmalloc_total'],
  ['VmallocUsed', 'vmalloc_used'],
  ['VmallocChunk', 'vmalloc_chunk'],
  ['Percpu', 'per_cpu'],
  ['HardwareCorrupted', 'hardware_corrupted'],
  ['AnonHugePages', 'anon_hugepages'],
  ['ShmemHugePages', 'shmem_hugepages'],
  ['ShmemPmdMapped', 'shmem_pmd_mapped'],
  ['CmaTotal', 'cma_total'],
  ['CmaFree', 'cma_free'],
  ['HugePages_Total', 'hugepages_total'],
  ['HugePages_Free', 'hugepages_free'],
  ['HugePages_Rsvd', 'hugepages_rsvd'],
  ['HugePages_Surp', 'hugepages_surp'],
  ['Hugepagesize', 'hugepagesize'],
  ['Hugetlb', 'hugetlb'],
  ['DirectMap4k', 'direct_map_4k'],
  ['DirectMap2M', 'direct_map_2M'],
  ['DirectMap4M', 'direct_map_4M'],
  ['DirectMap1G', 'direct_map_1G'],
];

/** Names that came after the contract. */
const NEWER: readonly [string, string][] = [
  ['Zswap', 'zswap'],
  ['Zswapped', 'zswapped'],
  ['SecPageTables', 'sec_page_tables'],
  ['FileHugePages', 'file_hugepages'],
  ['FilePmdMapped', 'file_pmd_mapped'],
  ['Unaccepted', 'unaccepted'],
  ['Balloon', 'balloon'],
  ['GPUActive', 'gpu_active'],
  ['DirectMap64k', 'direct_map_64k'],
];

describe('toMeminfoItem', () => {
  it.each([...KNOWN, ...NEWER])('%s is %s', (name, item) => {
    expect(toMeminfoItem(name)).toBe(item);
  });

  it('has a kernel name for every item of the catalog', () => {
    expect(new Set(KNOWN.map(([, item]) => item))).toEqual(new Set(catalog.kata_guest_meminfo.labels.item));
  });
});
