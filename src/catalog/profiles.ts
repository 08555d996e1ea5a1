/**
 * What `--metrics.profile` leaves out of the answer, as one table. docs/profiles.md says what each profile costs; run
 * `node bench/profiles.ts` after a change. Not in it: families that a profile treats as all others.
 */

export const profiles = ['full', 'standard', 'minimal'] as const;

export type Profile = (typeof profiles)[number];

/** Values that a label may have: one of these, or any but these. */
export type ProfileLabelValues = readonly string[] | { readonly not: readonly string[] };

/** What of a family is in a profile: all samples, none, or those whose labels have these values. */
export type ProfileChoice = 'all' | 'none' | Readonly<Record<string, ProfileLabelValues>>;

export interface ProfileRow {
  /** Default: all, so that what is new or foreign is not lost. */
  readonly standard?: ProfileChoice;
  /** Default: none. */
  readonly minimal?: ProfileChoice;
}

const ownMemory: ProfileRow = {
  standard: { item: ['vmhwm', 'vmrss', 'vmsize', 'vmswap', 'rssanon', 'rssfile', 'rssshmem'] },
};

/**
 * By family, or by the beginning of names with `*` behind it; a name wins over a beginning, a longer beginning over a
 * shorter one. `minimal` answers three questions: how loaded is this pod, what does it cost, is it well. It has the
 * monitor's own figures in base units instead of those that they are worked out from, and must stay under 6 KB for each
 * sandbox with all its labels: what there are many of, as mounts, is for `--metrics.allow`.
 */
export const profileTable: Readonly<Record<string, ProfileRow>> = {
  // How loaded is it, and what does it cost?
  'kata_sandbox_*': { minimal: 'all' },
  kata_sandbox_disk_reads_total: { minimal: 'none' },
  kata_sandbox_disk_writes_total: { minimal: 'none' },
  'kata_sandbox_filesystem_*': { minimal: 'none' },
  kata_sandbox_memory_available_bytes: { minimal: 'none' },
  kata_sandbox_network_receive_bytes_total: { minimal: 'all' },
  kata_sandbox_network_transmit_bytes_total: { minimal: 'all' },
  'kata_sandbox_network_*': { minimal: 'none' },
  kata_sandbox_tasks: { minimal: 'none' },

  // Is it well? `kata_sandbox_up` and its reasons are among the above.
  kata_sandbox_last_success_age_seconds: { minimal: 'none' },
  kata_sandbox_scrape_duration_seconds: { minimal: 'none' },
  kata_sandbox_scrape_samples: { minimal: 'none' },
  kata_shim_agent_up: { minimal: 'all' },
  kata_shim_agent_error: { minimal: 'all' },
  kata_guest_vm_stat: {
    standard: { item: ['oom_kill', 'pgfault', 'pgmajfault', 'pgpgin', 'pgpgout', 'pswpin', 'pswpout'] },
    minimal: { item: ['oom_kill'] },
  },

  // What dashboards show of the guest, without what is for the debugging of kernels.
  kata_guest_cpu_time: { standard: { cpu: ['total'] } },
  kata_guest_meminfo: {
    standard: {
      item: [
        'active_anon',
        'anon_pages',
        'buffers',
        'cached',
        'commit_limit',
        'committed_as',
        'dirty',
        'inactive_anon',
        'kernel_stack',
        'mapped',
        'mem_available',
        'mem_free',
        'mem_total',
        'page_tables',
        'per_cpu',
        's_reclaimable',
        's_unreclaim',
        'shmem',
        'slab',
        'swap_free',
        'swap_total',
        'writeback',
      ],
    },
  },
  kata_guest_netdev_stat: {
    standard: {
      interface: { not: ['lo'] },
      item: [
        'recv_bytes',
        'recv_drop',
        'recv_errs',
        'recv_packets',
        'sent_bytes',
        'sent_drop',
        'sent_errs',
        'sent_packets',
      ],
    },
  },
  kata_guest_diskstat: {
    standard: {
      item: [
        'in_progress',
        'reads',
        'sectors_read',
        'sectors_written',
        'time_in_progress',
        'time_reading',
        'time_writing',
        'writes',
      ],
    },
  },
  kata_guest_filesystem_inodes: { standard: { item: ['available', 'total'] } },
  kata_agent_proc_status: ownMemory,
  kata_hypervisor_proc_status: ownMemory,
  kata_shim_proc_status: ownMemory,
  kata_virtiofsd_proc_status: ownMemory,

  // The host's interfaces, once more for each sandbox.
  kata_hypervisor_netdev: { standard: 'none' },
  kata_shim_netdev: { standard: 'none' },

  // For those who look for faults in Kata itself.
  kata_shim_agent_rpc_durations_histogram_milliseconds: { standard: 'none' },
  kata_shim_rpc_durations_histogram_milliseconds: { standard: 'none' },
  'kata_shim_go_*': { standard: 'none' },
  'kata_shim_nodejs_*': { standard: 'none' },

  // Once for each node.
  'kata_monitor_*': { minimal: 'all' },
  'kata_monitor_go_*': { standard: 'none', minimal: 'none' },
  'kata_monitor_nodejs_*': { minimal: 'none' },
};

const exactRows = new Map<string, ProfileRow>();
const prefixRows: [prefix: string, row: ProfileRow][] = [];
for (const [key, row] of Object.entries(profileTable)) {
  if (key.endsWith('*')) {
    prefixRows.push([key.slice(0, -1), row]);
  } else {
    exactRows.set(key, row);
  }
}
prefixRows.sort(([a], [b]) => b.length - a.length);

/** What of a family is in a profile, by the name that it has in the node's answer. */
export function chooseInProfile(profile: Profile, name: string): ProfileChoice {
  if (profile === 'full') {
    return 'all';
  }
  const row = exactRows.get(name) ?? prefixRows.find(([prefix]) => name.startsWith(prefix))?.[1];
  return row?.[profile] ?? (profile === 'standard' ? 'all' : 'none');
}
