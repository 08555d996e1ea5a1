/**
 * What the monitor observes about a sandbox when it scrapes it. Only these rows list the labels of the sandbox; the monitor
 * adds them to all other families.
 */
import type { FamilyDefinition } from './definition.ts';
import { sandboxErrorReasonList } from './sandbox-error-reasons.ts';

const ofSandbox = { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [] } as const;

export const sandboxFamilies = {
  kata_sandbox_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether the response of the shim to this scrape was complete.',
    labels: ofSandbox,
    value: '1 or 0',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_guest_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether this scrape returned metrics of the guest.',
    labels: ofSandbox,
    value:
      '1 if the shim, of any runtime, returned at least one kata_guest_ sample; 0 if the guest is booting or paused, or if the guest or its shim does not respond',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_error: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Why metrics of the sandbox are missing or incomplete.',
    labels: { ...ofSandbox, reason: sandboxErrorReasonList },
    value: '1 for each reason; absent if the scrape had no fault',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_duration_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Duration of the last request to the shim of the sandbox, until its response or the timeout.',
    labels: ofSandbox,
    value: 'wall time from the request to the end of the response; absent if the sandbox was not scraped this time',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_scrape_samples: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Samples of the shim that are in the response.',
    labels: ofSandbox,
    value: 'a count; --metrics.profile lowers it, a filter of the request does not',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_dropped_samples: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Lines of the shim that are not in the response.',
    labels: { ...ofSandbox, reason: sandboxErrorReasonList },
    value: 'lines for each reason; absent for a reason without dropped lines',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_last_success_age_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time since the last complete response of the shim.',
    labels: ofSandbox,
    value:
      '0 if the response to this scrape is complete; absent if no response has been complete since the monitor started',
    source: 'the last scrapes',
    isContract: false,
  },
  kata_sandbox_state: {
    component: 'sandbox',
    type: 'gauge',
    help: 'State of the sandbox: 1 for the current state, 0 for the others.',
    labels: { ...ofSandbox, state: ['created', 'booting', 'running', 'paused', 'unresponsive', 'ended'] },
    value:
      '1 or 0. created: the shim does not respond yet; booting: the guest does not respond yet; paused: as the shim reports it; unresponsive: the guest or the shim does not respond, or the response is not usable; ended: no shim listens on the socket, and the directory is still there',
    source: 'this scrape and the last ones',
    isContract: false,
  },
  kata_sandbox_state_start_time_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'When the sandbox entered its current state, since unix epoch in seconds.',
    labels: ofSandbox,
    value:
      'seconds since 1970: the scrape or the request of another client that found the state first; the last complete response for a shim that does not respond any more',
    source: 'this scrape and the last ones',
    isContract: false,
  },
  kata_sandbox_restarts_total: {
    component: 'sandbox',
    type: 'counter',
    help: 'Restarts of the guest or of the shim under this id since the monitor found the sandbox.',
    labels: ofSandbox,
    value:
      'a count; the counters of the guest begin again at 0 with each restart of it, those of the shim and of the host with each restart of the shim',
    source: 'the start time of the shim, and the uptime or the CPU time of the guest, between two scrapes',
    isContract: false,
  },
  kata_sandbox_created_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Creation time of the pod of the sandbox, from the container manager.',
    labels: ofSandbox,
    value: 'seconds since 1970; absent for a sandbox that the container manager does not know',
    source: 'ListPodSandbox of the CRI',
    isContract: false,
  },
  kata_sandbox_runtime_info: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Handler of the RuntimeClass of the pod, from the container manager.',
    labels: { ...ofSandbox, runtime_handler: [] },
    value: 'always 1; absent for a sandbox that the container manager does not know',
    source: 'ListPodSandbox of the CRI',
    isContract: false,
  },
  kata_sandbox_labels: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Labels of the pod of the sandbox, as selected by --cri-pod-labels.',
    labels: ofSandbox,
    value:
      'always 1; each pod label becomes a label with the prefix label_, and _ replaces invalid characters; absent for a sandbox that the container manager does not know',
    source: 'ListPodSandbox of the CRI',
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
