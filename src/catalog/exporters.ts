/**
 * What the shim and the monitor observe about exporters in the guest. These families are in the response with the exporters' own
 * ones, which are not in the catalog.
 */
import type { FamilyDefinition } from './definition.ts';
import { sandboxErrorReasonList } from './sandbox-error-reasons.ts';

const ofExporter = { sandbox_id: [], cri_uid: [], cri_name: [], cri_namespace: [], exporter: [] } as const;

/** Why an exporter has no metrics, beyond the reasons that a whole sandbox can have. */
export const exporterErrorReasons = {
  absent:
    'Nothing listens at the address of the exporter in the guest, although the annotation of the pod names the exporter.',
  invalid:
    'What listens there is no exporter: its response is not HTTP, has a status other than 200, or no valid samples.',
  not_allowed:
    'The annotation of the pod names an exporter that `--guest-exporter` does not allow, or cannot be parsed.',
  unsupported: 'The shim or the agent of the sandbox cannot read exporters.',
} as const;

export type ExporterErrorReason = keyof typeof exporterErrorReasons;

export const exporterFamilies = {
  kata_sandbox_exporter_up: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Whether the exporter in the guest responded to this scrape.',
    labels: ofExporter,
    value:
      '1 or 0; absent if nothing listens at the address, unless the annotation of the pod names the exporter. Only in /metrics/guest',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_exporter_error: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Why metrics of the exporter in the guest are missing or incomplete.',
    labels: { ...ofExporter, reason: [...Object.keys(exporterErrorReasons), ...sandboxErrorReasonList].sort() },
    value: '1 for each reason; absent if the scrape had no fault. Only in /metrics/guest',
    source: 'this scrape',
    isContract: false,
  },
  kata_sandbox_exporter_dropped_samples: {
    component: 'sandbox',
    type: 'gauge',
    help: 'Samples of the exporter in the guest that the monitor dropped.',
    labels: { ...ofExporter, reason: sandboxErrorReasonList },
    value: 'samples of this scrape; absent if there are none. Only in /metrics/guest',
    source: "the monitor's checks of the response",
    isContract: false,
  },
  kata_sandbox_exporter_duration_seconds: {
    component: 'sandbox',
    type: 'gauge',
    unit: 'seconds',
    help: 'Time from the request for the exporter in the guest to its response or failure.',
    labels: ofExporter,
    value: 'seconds. Only in /metrics/guest',
    source: 'this scrape',
    isContract: false,
  },
  kata_shim_exporter_dropped_samples: {
    component: 'shim',
    type: 'gauge',
    help: 'Samples of the exporter in the guest that the shim dropped.',
    labels: { reason: [] },
    value: 'samples of this scrape; absent if there are none. Only in /metrics/guest, with the label exporter',
    source: "the shim's checks of the response",
    isContract: false,
  },
} as const satisfies Readonly<Record<string, FamilyDefinition>>;
