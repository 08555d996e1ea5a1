/**
 * Groups the families of a merge plan by the resource that they describe: each sandbox, and the node. References to
 * lines, no bytes.
 */

import { type Origin, originOf } from '../catalog/index.ts';
import {
  type MergedFamily,
  type MergePlan,
  type MergeSource,
  readSampleLine,
  type Scan,
  type ScannedFamily,
  unescapeHelp,
} from '../exposition/index.ts';
import { type OtelName, toOtelName } from './conventions.ts';
import type { MetricHead, MetricKind } from './request-encoder.ts';

/** A metric, and its family. */
export interface Metric {
  readonly head: MetricHead;
  /** Name of the family in /metrics. */
  readonly familyName: string;
  readonly name: OtelName;
  readonly origin: Origin;
  /** Index among all metrics. */
  readonly index: number;
}

/** Lines of one body. */
export interface Slice {
  readonly metric: Metric;
  readonly family: ScannedFamily;
  /** Undefined for all lines of the family. */
  readonly lines: Int32Array | undefined;
}

export interface Resource {
  /** Empty for the node. */
  readonly sandboxId: string;
  /** Labels of the sandbox and its pod. */
  readonly labels: ReadonlyMap<string, string>;
  /** Slices; those of one metric are adjacent. */
  readonly slices: Slice[];
  /** The body of each slice. */
  readonly scans: Scan[];
}

const kinds: Readonly<Record<MergedFamily['type'], MetricKind>> = {
  counter: 'sum',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  unknown: 'gauge',
};
/** Lines that are looked at without a pause. */
const STEP_LINES = 256;
const SANDBOX_LABEL = 'sandbox_id';

/** Groups the lines, in the order of the plan. Yields where the caller may pause. */
export function* groupByResource(plan: MergePlan): Generator<void, Resource[]> {
  const resources = new Map<string, Resource>();
  const open = (labels: readonly (readonly [string, string])[]): Resource => {
    const sandboxId = labels.find(([name]) => name === SANDBOX_LABEL)?.[1] ?? '';
    let resource = resources.get(sandboxId);
    if (resource === undefined) {
      resource = { sandboxId, labels: new Map(labels), slices: [], scans: [] };
      resources.set(sandboxId, resource);
    }
    return resource;
  };
  const ofSource = new Map<MergeSource, Resource | undefined>();
  const families = plan.families
    .map((family) => ({ family, name: toOtelName(family.name) }))
    // Two families with one name of the conventions, such as bytes received and sent, differ by an attribute.
    .sort((a, b) => (a.name.name < b.name.name ? -1 : 1))
    .map(({ family, name }, index) => ({ family, metric: toMetric(family, name, index) }));
  for (const { family, metric } of families) {
    const { parts } = family;
    for (let i = 0; i < parts.length; i++) {
      const { family: part, sources } = parts[i]!;
      const slice: Slice = { metric, family: part, lines: undefined };
      for (let j = 0; j < sources.length; j++) {
        const source = sources[j]!;
        if (!ofSource.has(source)) {
          const isOfSandbox = source.labels.pairs.some(([name]) => name === SANDBOX_LABEL);
          ofSource.set(source, isOfSandbox ? open(source.labels.pairs) : undefined);
        }
        const resource = ofSource.get(source);
        if (resource === undefined) {
          yield* addOwnLines(slice, source.scan, open);
        } else {
          resource.slices.push(slice);
          resource.scans.push(source.scan);
        }
      }
    }
    yield;
  }
  return [...resources.values()];
}

/** Lines of the monitor are about itself, or about the sandbox in their labels. */
function* addOwnLines(
  { metric, family }: Slice,
  scan: Scan,
  open: (labels: readonly (readonly [string, string])[]) => Resource,
): Generator<void> {
  const linesOf = new Map<Resource, number[]>();
  let looked = 0;
  for (const { from, to } of family.segments) {
    for (let line = from; line < to; line++) {
      const resource = open(readSampleLine(scan, line).labels);
      const lines = linesOf.get(resource) ?? [];
      linesOf.set(resource, lines);
      lines.push(line);
      if (++looked % STEP_LINES === 0) {
        yield;
      }
    }
  }
  for (const [resource, lines] of linesOf) {
    resource.slices.push({ metric, family, lines: Int32Array.from(lines) });
    resource.scans.push(scan);
  }
}

function toMetric({ name: familyName, type, help }: MergedFamily, name: OtelName, index: number): Metric {
  const isUpDown = name.isUpDown === true;
  const head: MetricHead = {
    name: name.name,
    unit: name.unit,
    description: help === undefined ? '' : unescapeHelp(help.toString()),
    kind: isUpDown && type === 'gauge' ? 'sum' : kinds[type],
    isMonotonic: type === 'counter',
  };
  return { head, familyName, name, origin: originOf(familyName), index };
}
