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

const ownCpu: ProfileChoice = { item: ['utime', 'stime'] };
const ownMemory = {
  standard: { item: ['vmhwm', 'vmrss', 'vmsize', 'vmswap', 'rssanon', 'rssfile', 'rssshmem'] },
  minimal: { item: ['vmrss'] },
} as const satisfies ProfileRow;
const notLoopback = { not: ['lo'] } as const;

/**
 * By family, or by the beginning of names with `*` behind it; a name wins over a beginning, a longer beginning over a
 * shorter one. `minimal` answers three questions: how loaded is this pod, what does it cost, is it well.
 */
export const profileTable: Readonly<Record<string, ProfileRow>> = {
  // Is it well?
  'kata_sandbox_*': { minimal: 'all' },
  kata_sandbox_last_success_age_seconds: { minimal: 'none' },
  kata_sandbox_scrape_duration_seconds: { minimal: 'none' },
  kata_sandbox_scrape_samples: { minimal: 'none' },
  kata_shim_agent_up: { minimal: 'all' },
  kata_shim_agent_error: { minimal: 'all' },

  // How loaded is it?
  kata_guest_cpu_time: {
    standard: { cpu: ['total'] },
    minimal: { cpu: ['total'], item: ['user', 'system', 'idle', 'iowait', 'steal'] },
  },
  kata_guest_load: { minimal: { item: ['load1'] } },
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
    minimal: { item: ['mem_total', 'mem_available'] },
  },
  kata_guest_vm_stat: {
    standard: { item: ['oom_kill', 'pgfault', 'pgmajfault', 'pgpgin', 'pgpgout', 'pswpin', 'pswpout'] },
    minimal: { item: ['oom_kill'] },
  },
  kata_guest_netdev_stat: {
    standard: {
      interface: notLoopback,
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
    minimal: { interface: notLoopback, item: ['recv_bytes', 'sent_bytes'] },
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
    minimal: { item: ['sectors_read', 'sectors_written'] },
  },
  kata_guest_filesystem_inodes: { standard: { item: ['available', 'total'] } },

  // What does it cost?
  'kata_shim_pod_overhead_*': { minimal: 'all' },
  kata_hypervisor_proc_stat: { minimal: ownCpu },
  kata_hypervisor_proc_status: ownMemory,
  kata_virtiofsd_proc_stat: { minimal: ownCpu },
  kata_virtiofsd_proc_status: ownMemory,
  kata_shim_proc_stat: { minimal: ownCpu },
  kata_shim_proc_status: ownMemory,
  kata_agent_proc_status: { standard: ownMemory.standard },

  // The host's interfaces once more for each sandbox.
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
