/**
 * Derives metrics from the body of a sandbox. Which metrics a body has, and on which lines, is determined once per form;
 * after that, a metric costs reading its few values.
 */
import { catalog } from '../catalog/index.ts';
import {
  readNumber,
  type Sample,
  type Scan,
  tabulateInSteps,
  type ValueSlabs,
  withValues,
} from '../exposition/index.ts';
import { BodyLines } from './body-lines.ts';
import type { DeriveContext, DerivedMetric, DeriveMetrics } from './derived-metric.ts';
import { deriveGuestCpu } from './guest-cpu.ts';
import { deriveGuestDisks } from './guest-disks.ts';
import { deriveGuestFilesystems } from './guest-filesystems.ts';
import { deriveGuestLoad } from './guest-load.ts';
import { deriveGuestMemory } from './guest-memory.ts';
import { deriveGuestNetwork } from './guest-network.ts';
import { deriveHostCost } from './host-cost.ts';

/** All derivations; each group of metrics has a file. */
const derivations: readonly DeriveMetrics[] = [
  deriveGuestCpu,
  deriveGuestMemory,
  deriveGuestNetwork,
  deriveGuestDisks,
  deriveGuestFilesystems,
  deriveGuestLoad,
  deriveHostCost,
];

/** The derived metrics of bodies of one form. */
export interface DerivedLayout {
  readonly metrics: readonly DerivedMetric[];
  /**
   * Templates of their text, by the indexes of the metrics without a value. Which metrics have none depends on values, but
   * seldom changes: a Go shim that reports no overhead never has one.
   */
  readonly templates: Map<string, Scan>;
}

/** Templates that a form keeps. A guest that makes values come and go gets its text without one. */
const MAX_TEMPLATES = 8;
/** Limit of each template but the first; that of an honest body has 10 KiB. */
const MAX_TEMPLATE_BYTES = 64 * 1024;

/** Metrics that are derived in one step. */
const STEP_METRICS = 1024;

/**
 * Determines the metrics that can be derived from bodies of the form of `scan`, in small steps. Reads no value.
 * @param isPartial the body is truncated
 */
export function* layOutDerived(scan: Scan, isPartial: boolean): Generator<void, DerivedLayout> {
  const context: DeriveContext = { lines: yield* BodyLines.read(scan), isPartial };
  const byName = new Map<DerivedMetric['name'], Map<string, DerivedMetric>>();
  let made = 0;
  for (const derive of derivations) {
    yield;
    for (const metric of derive(context)) {
      const ofName = byName.get(metric.name) ?? new Map<string, DerivedMetric>();
      byName.set(metric.name, ofName);
      // Two lines of a guest can differ in a label that the derived series does not have. The first one wins.
      const key = JSON.stringify(metric.labels);
      if (!ofName.has(key)) {
        ofName.set(key, metric);
      }
      if (++made % STEP_METRICS === 0) {
        yield;
      }
    }
  }
  // Grouped by family.
  const metrics = [...byName.values()].flatMap((ofName) => [...ofName.values()]);
  return { metrics, templates: new Map() };
}

/**
 * Computes the derived metrics of a body, in small steps, as families to merge with others. They have no labels of the
 * sandbox. Samples with an unknown value are omitted. Values are stored in `slabs`, if given.
 */
export function* computeDerived(
  { metrics, templates }: DerivedLayout,
  scan: Scan,
  slabs?: ValueSlabs,
): Generator<void, Scan> {
  const read = (line: number): number => readNumber(scan.values, line);
  const values: string[] = [];
  let unknown = '';
  // No for-of with entries, which would create three objects for each metric.
  for (let i = 0; i < metrics.length; i++) {
    const value = metrics[i]!.compute(read);
    if (Number.isFinite(value) && value >= 0) {
      values.push(String(value));
    } else {
      unknown += `${i} `;
    }
    if ((i + 1) % STEP_METRICS === 0) {
      yield;
    }
  }
  const template = templates.get(unknown);
  if (template !== undefined) {
    return withValues(template.form, values, slabs);
  }
  const missing = new Set(unknown.split(' '));
  const tabulated = yield* tabulateMetrics(
    metrics.filter((_metric, i) => !missing.has(String(i))),
    values,
  );
  const isSmall = tabulated.form.series.body.length <= MAX_TEMPLATE_BYTES;
  if (templates.size === 0 || (templates.size < MAX_TEMPLATES && isSmall)) {
    templates.set(unknown, tabulated);
  }
  return tabulated;
}

function* tabulateMetrics(metrics: readonly DerivedMetric[], values: readonly string[]): Generator<void, Scan> {
  const families = new Map<DerivedMetric['name'], Sample[]>();
  for (const [i, { name, labels }] of metrics.entries()) {
    const samples = families.get(name) ?? [];
    families.set(name, samples);
    samples.push({ labels, value: values[i]! });
  }
  return yield* tabulateInSteps(
    [...families].map(([name, samples]) => ({ name, type: catalog[name].type, help: catalog[name].help, samples })),
  );
}
