/**
 * What each `--metrics.profile` selects, as one table. docs/profiles.md lists the cost of each profile; run
 * `node bench/profiles.ts` after a change. A family without a row gets the default of the profile.
 */

export const profiles = ['full', 'standard', 'minimal'] as const;

export type Profile = (typeof profiles)[number];

/** Values that a label may have: one of these, or any except these. */
export type ProfileLabelValues = readonly string[] | { readonly not: readonly string[] };

/** Samples of a family in a profile: all, none, or those whose labels have these values. */
export type ProfileChoice = 'all' | 'none' | Readonly<Record<string, ProfileLabelValues>>;

export interface ProfileRow {
  /** Default: all, so that new and foreign families are not lost. */
  readonly standard?: ProfileChoice;
  /** Default: none. */
  readonly minimal?: ProfileChoice;
}

const ownMemory: ProfileRow = {
  standard: { item: ['vmhwm', 'vmrss', 'vmsize', 'vmswap', 'rssanon', 'rssfile', 'rssshmem'] },
};

/**
 * Rows by the name of a family, or by a prefix followed by `*`. A name wins over a prefix, a longer prefix over a shorter
 * one. `minimal` covers the load, the cost and the health of a pod. It has the metrics that the monitor derives, in base
 * units, instead of their inputs, and must stay below 6 KB for each sandbox with all its labels. Families with many
 * samples, such as those with one for each mount, are left to `--metrics.allow`.
 */
export const profileTable: Readonly<Record<string, ProfileRow>> = {
  // Load and cost.
  'kata_sandbox_*': { minimal: 'all' },
  kata_sandbox_disk_reads_total: { minimal: 'none' },
  kata_sandbox_disk_writes_total: { minimal: 'none' },
  'kata_sandbox_filesystem_*': { minimal: 'none' },
  kata_sandbox_memory_available_bytes: { minimal: 'none' },
  kata_sandbox_memory_major_page_faults_total: { minimal: 'none' },
  kata_sandbox_network_receive_bytes_total: { minimal: 'all' },
  kata_sandbox_network_transmit_bytes_total: { minimal: 'all' },
  'kata_sandbox_network_*': { minimal: 'none' },
  'kata_sandbox_hypervisor_*': { minimal: 'none' },
  kata_sandbox_tasks: { minimal: 'none' },

  // Health. `kata_sandbox_up` and its reasons are covered above.
  kata_sandbox_last_success_age_seconds: { minimal: 'none' },
  kata_sandbox_scrape_duration_seconds: { minimal: 'none' },
  kata_sandbox_scrape_samples: { minimal: 'none' },
  kata_sandbox_state: { minimal: 'none' },
  kata_sandbox_state_start_time_seconds: { minimal: 'none' },
  kata_shim_agent_up: { minimal: 'all' },
  kata_shim_agent_error: { minimal: 'all' },
  kata_guest_vm_stat: {
    standard: { item: ['oom_kill', 'pgfault', 'pgmajfault', 'pgpgin', 'pgpgout', 'pswpin', 'pswpout'] },
  },

  // The guest, as dashboards show it, without items for kernel debugging.
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

  // The interfaces of the host, repeated for each sandbox.
  kata_hypervisor_netdev: { standard: 'none' },
  kata_shim_netdev: { standard: 'none' },

  // Why a pod is slow or died.
  kata_guest_pressure_cpu_waiting_seconds_total: { minimal: 'all' },
  kata_guest_pressure_io_waiting_seconds_total: { minimal: 'all' },
  kata_guest_pressure_memory_waiting_seconds_total: { minimal: 'all' },
  kata_shim_sandbox_oom_kills_total: { minimal: 'all' },

  // For the debugging of Kata itself.
  kata_shim_agent_rpc_durations_histogram_milliseconds: { standard: 'none' },
  kata_shim_rpc_durations_histogram_milliseconds: { standard: 'none' },
  'kata_shim_go_*': { standard: 'none' },
  'kata_shim_nodejs_*': { standard: 'none' },

  // Once per node, and namespace.
  'kata_ended_sandboxes_*': { minimal: 'all' },
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

/** The samples of a family in a profile, by the name of the family in the response. */
export function chooseInProfile(profile: Profile, name: string): ProfileChoice {
  if (profile === 'full') {
    return 'all';
  }
  const row = exactRows.get(name) ?? prefixRows.find(([prefix]) => name.startsWith(prefix))?.[1];
  return row?.[profile] ?? (profile === 'standard' ? 'all' : 'none');
}
