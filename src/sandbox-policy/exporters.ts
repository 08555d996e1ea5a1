/**
 * Rules for exporters in a guest: the names of their families are their own, except those of this project and those that
 * Prometheus writes. Both checks, of the shim and of the monitor, use this list.
 */
import type { Naming, ScanRules } from '../exposition/index.ts';
import type { SandboxLimits } from './limits.ts';
import { reservedLabels } from './reserved-labels.ts';
import { toSandboxRules } from './rules.ts';

/** The labels that an exporter may not send. */
export const exporterReservedLabels: readonly string[] = [...reservedLabels, 'exporter'];

/** Alerts on the metrics of this project select no target, so a guest must not be able to raise them. */
const KATA_PREFIX = 'kata_';
/** Part of the names of our recording rules (level:metric:operation), which alerts and dashboards select by name alone. */
const IN_RULE_NAME = ':kata_';

/** Family that the shim adds to the metrics of an exporter. */
const SHIM_FAMILY = 'kata_shim_exporter_dropped_samples';

/** Series that Prometheus writes itself: alerts such as `up == 0` select no target either. */
const prometheusNames: ReadonlySet<string> = new Set([
  'ALERTS',
  'ALERTS_FOR_STATE',
  'scrape_body_size_bytes',
  'scrape_duration_seconds',
  'scrape_sample_limit',
  'scrape_samples_post_metric_relabeling',
  'scrape_samples_scraped',
  'scrape_series_added',
  'scrape_timeout_seconds',
  'up',
]);

/** Whether an exporter may not send a family of this name. */
export function isForbiddenToExporters(name: string): boolean {
  // A histogram `kata` has samples `kata_bucket`.
  return `${name}_`.startsWith(KATA_PREFIX) || name.includes(IN_RULE_NAME) || prometheusNames.has(name);
}

/** Rules for the response of a shim with the metrics of an exporter. */
export function toExporterRules(limits: SandboxLimits): ScanRules {
  const { typeOf: _ofCatalog, ...rules } = toSandboxRules(limits);
  return { ...rules, reservedLabels: exporterReservedLabels };
}

/** Names of the families of an exporter in the response of the node. */
export function toExporterNaming(): Naming {
  return (name) =>
    isForbiddenToExporters(name) && name !== SHIM_FAMILY ? { kind: 'forbidden' } : { kind: 'named', prefix: '' };
}
