/**
 * Families of the process of a program, under the names of the Prometheus client libraries, after the prefix of the
 * program.
 */
import type { FamilyTemplate } from './definition.ts';

export const processFamilies = {
  process_cpu_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'Total user and system CPU time spent in seconds.',
    labels: {},
    value: 'user and system CPU seconds since the process started',
    source: 'utime + stime of /proc/self/stat',
    isContract: true,
  },
  process_max_fds: {
    type: 'gauge',
    help: 'Maximum number of open file descriptors.',
    labels: {},
    value: 'soft limit; absent when unlimited',
    source: '"Max open files" of /proc/self/limits',
    isContract: true,
  },
  process_network_receive_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Number of bytes received by the process over the network.',
    labels: {},
    value: 'bytes of IP packets received in the network namespace of the process, over all its interfaces',
    source: 'InOctets of IpExt in /proc/self/net/netstat, as the Go client reads it',
    isContract: false,
  },
  process_network_transmit_bytes_total: {
    type: 'counter',
    unit: 'bytes',
    help: 'Number of bytes sent by the process over the network.',
    labels: {},
    value: 'bytes of IP packets sent from the network namespace of the process, over all its interfaces',
    source: 'OutOctets of IpExt in /proc/self/net/netstat, as the Go client reads it',
    isContract: false,
  },
  process_open_fds: {
    type: 'gauge',
    help: 'Number of open file descriptors.',
    labels: {},
    value: 'a count',
    source: 'entries of /proc/self/fd',
    isContract: true,
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory size in bytes.',
    labels: {},
    value: 'bytes',
    source: 'rss of /proc/self/stat x page size',
    isContract: true,
  },
  process_start_time_seconds: {
    type: 'gauge',
    unit: 'seconds',
    help: 'Start time of the process since `unix` epoch in seconds.',
    labels: {},
    value: 'Unix time',
    source: 'starttime of /proc/self/stat and btime of /proc/stat',
    isContract: true,
  },
  process_virtual_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Virtual memory size in bytes.',
    labels: {},
    value: 'bytes',
    source: 'vsize of /proc/self/stat',
    isContract: true,
  },
  process_virtual_memory_max_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Maximum amount of virtual memory available in bytes.',
    labels: {},
    value: 'soft limit, or 1.8446744073709552e+19 when unlimited, as in the Go client',
    source: '"Max address space" of /proc/self/limits',
    isContract: true,
  },
} as const satisfies Readonly<Record<string, FamilyTemplate>>;
