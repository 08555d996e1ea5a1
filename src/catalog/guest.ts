/**
 * Families of the guest operating system, from its /proc.
 */
import { type FamilyDefinition, withPrefix } from './definition.ts';
import { cpuTimeItems, diskStatItems, memInfoItems, netDevItems, vmStatItems } from './items.ts';
import { cgroupLimitFamilies, pressureFamilies } from './pressure.ts';

const ofContainer = { container_id: [] } as const;
const A_CONTAINER = 'the container in the guest';

export const guestFamilies = {
  kata_guest_cpu_time: {
    component: 'guest',
    type: 'gauge',
    help: 'Guest CPU stat. CPU time by mode, in milliseconds since the guest started.',
    labels: { cpu: ['total'], item: cpuTimeItems },
    value: 'milliseconds (ticks x 1000 / ticks per second); the label cpu is the CPU number or "total"',
    source: '/proc/stat',
    isContract: true,
  },
  kata_guest_diskstat: {
    component: 'guest',
    type: 'gauge',
    help: 'Disks stat in system. Counts, sectors of 512 bytes, and milliseconds, from /proc/diskstats.',
    labels: { disk: [], item: diskStatItems },
    value: 'sectors, milliseconds or counts, as in /proc/diskstats',
    source: '/proc/diskstats',
    isContract: true,
  },
  kata_guest_load: {
    component: 'guest',
    type: 'gauge',
    help: 'Guest system load. Average number of runnable and uninterruptible tasks over 1, 5 and 15 minutes.',
    labels: { item: ['load1', 'load15', 'load5'] },
    value: 'runnable and uninterruptible tasks, averaged over 1, 5 and 15 minutes',
    source: '/proc/loadavg',
    isContract: true,
  },
  kata_guest_meminfo: {
    component: 'guest',
    type: 'gauge',
    help: 'Statistics about memory usage on the system. Bytes, from /proc/meminfo; hugepages_* are counts.',
    labels: { item: memInfoItems },
    value: 'bytes (kB x 1024); hugepages_* are counts',
    source: '/proc/meminfo',
    isContract: true,
  },
  kata_guest_netdev_stat: {
    component: 'guest',
    type: 'gauge',
    help: 'Guest net devices stats. Bytes and packets since the interface came up, from /proc/net/dev.',
    labels: { interface: [], item: netDevItems },
    value: 'bytes or counts, as in /proc/net/dev',
    source: '/proc/net/dev',
    isContract: true,
  },
  kata_guest_tasks: {
    component: 'guest',
    type: 'gauge',
    help: 'Guest system load. Number of scheduling entities: runnable (cur) and existing (max).',
    labels: { item: ['cur', 'max'] },
    value: 'fourth field: cur is the number of runnable entities, max that of existing entities',
    source: '/proc/loadavg',
    isContract: true,
  },
  kata_guest_vm_stat: {
    component: 'guest',
    type: 'gauge',
    help: 'Guest virtual memory stat. Counts and pages, from /proc/vmstat.',
    labels: { item: vmStatItems },
    value: 'pages or counts, as in /proc/vmstat; one item for each line, so items depend on the guest kernel',
    source: '/proc/vmstat',
    isContract: true,
  },
  kata_guest_uptime_seconds: {
    component: 'guest',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the guest was started.',
    labels: {},
    value: 'seconds, including suspend',
    source: '/proc/uptime',
    isContract: false,
  },
  kata_guest_filesystem_bytes: {
    component: 'guest',
    type: 'gauge',
    unit: 'bytes',
    help: 'Guest file system size and use in bytes.',
    labels: { mount: [], device: [], item: ['available', 'available_unprivileged', 'total', 'used'] },
    value:
      'bytes; available is f_bfree of statfs(2), as in the Rust agent; available_unprivileged is f_bavail, without the blocks reserved for root, and only kata-agent of this project reports it',
    source: '/proc/self/mountinfo and statfs(2) of each mount',
    isContract: false,
  },
  kata_guest_filesystem_inodes: {
    component: 'guest',
    type: 'gauge',
    help: 'Number of inodes of guest file systems.',
    labels: { mount: [], device: [], item: ['available', 'total', 'used'] },
    value: 'a count',
    source:
      '/proc/self/mountinfo and statfs(2) of each mount; file systems without a fixed number of inodes are omitted',
    isContract: false,
  },
  ...withPrefix(
    'kata_guest_',
    'guest',
    pressureFamilies({ of: 'the guest', labels: {}, file: (resource) => `/proc/pressure/${resource}` }),
  ),
  ...withPrefix(
    'kata_guest_container_',
    'guest',
    pressureFamilies({
      of: A_CONTAINER,
      labels: ofContainer,
      file: (resource) => `${resource}.pressure of the container's cgroup (v2)`,
    }),
  ),
  ...withPrefix(
    'kata_guest_container_',
    'guest',
    cgroupLimitFamilies({ of: A_CONTAINER, labels: ofContainer, where: "the container's cgroup" }),
  ),
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
