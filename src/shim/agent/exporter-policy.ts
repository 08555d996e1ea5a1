/**
 * What an exporter in the guest may send through the shim. It is as hostile as the rest of the guest, but the names of its families
 * are its own.
 */
import type { CheckPolicy } from '../../exposition/index.ts';
import { exporterLimits } from '../../guest-exporters/index.ts';
import { exporterReservedLabels, isForbiddenToExporters } from '../../sandbox-policy/index.ts';

/** Applications have longer names and more labels than the agent. */
const MAX_NAME_BYTES = 256;
const MAX_HELP_BYTES = 1024;
const MAX_LABEL_VALUE_BYTES = 1024;
const MAX_LABELS = 30;
const MAX_FAMILIES = 3000;

export const exporterPolicy: CheckPolicy = {
  allowedPrefixes: [''],
  isForbidden: isForbiddenToExporters,
  renames: [],
  reservedLabels: exporterReservedLabels,
  maxBytes: exporterLimits.maxBytes,
  maxSamples: exporterLimits.maxSamples,
  maxFamilies: MAX_FAMILIES,
  maxNameBytes: MAX_NAME_BYTES,
  maxHelpBytes: MAX_HELP_BYTES,
  maxLabelValueBytes: MAX_LABEL_VALUE_BYTES,
  maxLabels: MAX_LABELS,
};
