/**
 * What the monitor knows of a sandbox by having asked for it. Only here do the labels of the sandbox stand in the catalog:
 * on all other families the monitor adds them.
 */
import type { FamilyDefinition } from './definition.ts';
import { sandboxErrorReasonList } from './sandbox-error-reasons.ts';

const ofSandbox = { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [] } as const;

export const sandboxFamilies = {
  kata_sandbox_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether the shim of the sandbox answered this scrape in full.',
    labels: ofSandbox,
    value: '1 or 0',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_guest_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether metrics of the guest came with this scrape.',
    labels: ofSandbox,
    value:
      '1 when at least one kata_guest_ sample came, from a shim of any runtime, else 0: the guest is booting, paused, or does not respond, or its shim does not',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_error: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Why the figures of the sandbox are missing or not whole.',
    labels: { ...ofSandbox, reason: sandboxErrorReasonList },
    value: '1 under the reason; absent when nothing was wrong',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_duration_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time that the shim of the sandbox took for its last answer, or until it was given up.',
    labels: ofSandbox,
    value:
      'wall time from the request to the end of reading its answer; absent when the sandbox was not asked in this scrape',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_samples: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Samples of the shim that are in the answer.',
    labels: ofSandbox,
    value: 'a count; a filter of the request does not lower it, --metrics.profile does',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_dropped_samples: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Lines of the shim that are not in the answer.',
    labels: { ...ofSandbox, reason: sandboxErrorReasonList },
    value: 'a count of lines under the reason; absent when nothing was left out for it',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_last_success_age_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the shim of the sandbox last answered in full.',
    labels: ofSandbox,
    value: '0 when it did in this scrape; absent when it never did since the monitor started',
    source: 'the last scrapes',
    isContract: false,
  },
  kata_sandbox_created_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the pod of the sandbox was made, as the container manager says.',
    labels: ofSandbox,
    value: 'seconds since 1970; absent for a sandbox that the container manager does not know',
    source: 'ListPodSandbox of the container runtime interface',
    isContract: false,
  },
  kata_sandbox_labels: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Labels of the pod of the sandbox, those that --cri-pod-labels names.',
    labels: ofSandbox,
    value:
      'always 1; each label of the pod is one here, with label_ in front and _ for what a label name cannot have; absent for a sandbox that the container manager does not know',
    source: 'ListPodSandbox of the container runtime interface',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
