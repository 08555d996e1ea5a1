/**
 * Families of the Node.js runtime of a program, under the prefix of the program.
 */
import type { FamilyTemplate } from './definition.ts';

export const nodeFamilies = {
  nodejs_active_resources: {
    type: 'gauge',
    help: 'Resources that keep the event loop alive, by type.',
    labels: { type: [] },
    value: 'a count',
    source: 'process.getActiveResourcesInfo()',
    isContract: false,
  },
  nodejs_eventloop_utilization_ratio: {
    type: 'gauge',
    help: 'Share of the time since the start that the event loop was busy.',
    labels: {},
    value: '0 to 1',
    source: 'performance.eventLoopUtilization()',
    isContract: false,
  },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of objects outside the V8 heap, buffers included.',
    labels: {},
    value: 'bytes',
    source: 'process.memoryUsage().external',
    isContract: false,
  },
  nodejs_gc_duration_seconds_total: {
    type: 'counter',
    unit: 'seconds',
    help: 'Time spent in garbage collection, by kind.',
    labels: { kind: ['incremental', 'major', 'minor', 'weakcb'] },
    value: 'seconds since the start',
    source: 'PerformanceObserver entries of type gc',
    isContract: false,
  },
  nodejs_gc_runs_total: {
    type: 'counter',
    help: 'Garbage collections, by kind.',
    labels: { kind: ['incremental', 'major', 'minor', 'weakcb'] },
    value: 'a count since the start',
    source: 'PerformanceObserver entries of type gc',
    isContract: false,
  },
  nodejs_heap_space_used_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'V8 heap in use, by space.',
    labels: { space: [] },
    value: 'bytes',
    source: 'v8.getHeapSpaceStatistics()',
    isContract: false,
  },
  nodejs_heap_total_bytes: {
    type: 'gauge',
    unit: 'bytes',
    help: 'V8 heap obtained from the system.',
    labels: {},
    value: 'bytes',
    source: 'v8.getHeapStatistics()',
    isContract: false,
  },
  nodejs_version_info: {
    type: 'gauge',
    help: 'Version of Node.js.',
    labels: { version: [] },
    value: 'always 1',
    source: 'process.version',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyTemplate>>;
