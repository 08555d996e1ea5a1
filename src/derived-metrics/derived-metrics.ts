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

/** The derived metrics of bodies of one form, and a template of their text with every value known. */
export interface DerivedLayout {
  readonly metrics: readonly DerivedMetric[];
  readonly template: Scan;
}

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
  yield;
  return { metrics, template: yield* tabulateMetrics(metrics, new Array<string>(metrics.length).fill('0')) };
}

/**
 * Computes the derived metrics of a body, in small steps, as families to merge with others. They have no labels of the
 * sandbox. Samples with an unknown value are omitted. Values are stored in `slabs`, if given.
 */
export function* computeDerived(
  { metrics, template }: DerivedLayout,
  scan: Scan,
  slabs?: ValueSlabs,
): Generator<void, Scan> {
  const read = (line: number): number => readNumber(scan.values, line);
  const values: (string | undefined)[] = [];
  for (const metric of metrics) {
    if (values.push(format(metric.compute(read))) % STEP_METRICS === 0) {
      yield;
    }
  }
  return areKnown(values) ? withValues(template.form, values, slabs) : yield* tabulateMetrics(metrics, values);
}

function* tabulateMetrics(
  metrics: readonly DerivedMetric[],
  values: readonly (string | undefined)[],
): Generator<void, Scan> {
  const families = new Map<DerivedMetric['name'], Sample[]>();
  for (const [i, { name, labels }] of metrics.entries()) {
    const value = values[i];
    if (value !== undefined) {
      const samples = families.get(name) ?? [];
      families.set(name, samples);
      samples.push({ labels, value });
    }
  }
  return yield* tabulateInSteps(
    [...families].map(([name, samples]) => ({ name, type: catalog[name].type, help: catalog[name].help, samples })),
  );
}

function format(value: number): string | undefined {
  return Number.isFinite(value) && value >= 0 ? String(value) : undefined;
}

function areKnown(values: readonly (string | undefined)[]): values is readonly string[] {
  return !values.includes(undefined);
}
