/**
 * kata-monitor about itself.
 */
import type { FamilyDefinition } from './definition.ts';
import { sandboxErrorReasonList } from './sandbox-error-reasons.ts';

export const monitorFamilies = {
  kata_monitor_running_shim_count: {
    component: 'monitor',
    type: 'gauge',
    help: 'Running shim count(running sandboxes).',
    labels: {},
    value: 'sandboxes known at the time of the scrape',
    source: 'discovery',
    isContract: true,
  },
  kata_monitor_scrape_count: {
    component: 'monitor',
    type: 'counter',
    help: 'Scape count.',
    labels: {},
    value: '/metrics requests',
    source: 'a counter of the monitor',
    isContract: true,
  },
  kata_monitor_scrape_durations_histogram_milliseconds: {
    component: 'monitor',
    type: 'histogram',
    unit: 'milliseconds',
    help: 'Time used to scrape from shims',
    labels: {},
    value: 'wall time of one /metrics request; buckets 1,2,4,...,512',
    source: 'a histogram of the monitor',
    isContract: true,
  },
  kata_monitor_scrape_failed_count: {
    component: 'monitor',
    type: 'counter',
    help: 'Failed scape count.',
    labels: {},
    value: '/metrics requests that could not be answered in full',
    source: 'a counter of the monitor',
    isContract: true,
  },
  kata_monitor_build_info: {
    component: 'monitor',
    type: 'gauge',
    help: 'Version of kata-monitor and of its runtime.',
    labels: { version: [], nodejs: [] },
    value: 'always 1',
    source: 'package.json, process.version',
    isContract: false,
  },
  kata_monitor_sandbox_scrape_errors_total: {
    component: 'monitor',
    type: 'counter',
    help: 'Sandboxes whose figures were missing or not whole in a scrape, over all scrapes.',
    labels: { reason: sandboxErrorReasonList },
    value: 'one for each sandbox, reason and scrape of the whole node; absent for a reason that has not occurred',
    source: 'a counter of the monitor',
    isContract: false,
  },
  kata_monitor_cri_up: {
    component: 'monitor',
    type: 'gauge',
    help: 'Whether the container manager answered its last call.',
    labels: {},
    value: '1 or 0',
    source: 'calls over the container runtime interface',
    isContract: false,
  },
  kata_monitor_cri_info: {
    component: 'monitor',
    type: 'gauge',
    help: 'Container manager of the node, and the version of its interface that is used.',
    labels: { runtime_name: [], runtime_version: [], api_version: ['v1', 'v1alpha2'] },
    value: 'always 1; absent while the container manager does not answer',
    source: 'Version of the container runtime interface',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
