/**
 * Makes of a merge plan what OpenMetrics can carry, as its strictest readers take it. What changes no value is repaired:
 * the order of samples, types whose names would clash. What cannot be carried is left out, and said. The other forms have
 * all of it.
 * Source: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */
import { isDistribution } from '../format/family.ts';
import { parseValue } from '../format/number.ts';
import { baseOfCounter, CREATED, sampleSuffixes, TOTAL } from '../format/suffixes.ts';
import {
  addLine,
  type LineTables,
  linesOf,
  type ScannedFamily,
  type Segment,
  valueText,
} from '../scan/scanned-body.ts';
import type { MergedFamily, MergePart, MergePlan, MergeRefusal, MergeSource } from './merge-plan.ts';
import { fitHistogram, fitSummary, type OrderedLines } from './open-metrics-distributions.ts';
import { splitDistribution } from './split-distribution.ts';

/** So many lines are worked on before the caller gets a turn. */
const STEP_LINES = 2048;

/**
 * The same plan with what is left out as refusals. Families that stay `counter` end in `_total`. Yields where the caller may
 * do other things. What it returns is left as it is when it is fitted again.
 */
export function* fitOpenMetrics(plan: MergePlan): Generator<undefined, MergePlan> {
  const refusals: MergeRefusal[] = [...plan.refusals];
  const families: MergedFamily[] = [];
  let lines = 0;
  for (const family of settleNames(plan.families, refusals)) {
    const adapt = fitterOf(family);
    if (adapt === undefined || fitted.has(family)) {
      families.push(family);
      continue;
    }
    const parts: GrowingPart[] = [];
    for (const { family: part, sources } of family.parts) {
      for (const source of sources) {
        const { kept, left } = adapt(part, linesOf(source.scan));
        addPart(parts, part, source, kept);
        if (left.length > 0) {
          const refused = { ...part, segments: left, head: undefined };
          refusals.push({ source, family: refused, reason: 'not_in_openmetrics' });
        }
        lines += part.segments.reduce((sum, { from, to }) => sum + to - from, 0);
        if (lines >= STEP_LINES) {
          lines = 0;
          yield;
        }
      }
    }
    const fit = { ...family, parts };
    fitted.add(fit);
    families.push(fit);
  }
  return { families: families.sort((a, b) => (a.name < b.name ? -1 : 1)), refusals };
}

/** Families whose lines are fitted: the monitor fits those of sandboxes first, and then all of a response. */
const fitted = new WeakSet<MergedFamily>();

interface GrowingPart extends MergePart {
  readonly sources: MergeSource[];
}

/** Sources whose lines stay as they were go on sharing their part. */
function addPart(parts: GrowingPart[], part: ScannedFamily, source: MergeSource, kept: readonly Segment[]): void {
  const isSame =
    kept.length === part.segments.length &&
    kept.every(({ from, to }, i) => from === part.segments[i]!.from && to === part.segments[i]!.to);
  const last = parts.at(-1);
  if (!isSame) {
    parts.push({ family: { ...part, segments: kept, head: undefined }, sources: [source] });
  } else if (last?.family === part) {
    last.sources.push(source);
  } else {
    parts.push({ family: part, sources: [source] });
  }
}

/** Families under names and types that clash with no name which readers derive from another. */
function* settleNames(families: readonly MergedFamily[], refusals: MergeRefusal[]): Generator<MergedFamily> {
  const owners = new Map(families.flatMap((family) => namesOf(family).map((name) => [name, family] as const)));
  const derived = new Set<string>();
  const split = new Set<MergedFamily>();
  const refused = new Set<MergedFamily>();
  for (const family of families) {
    const created = family.name + CREATED;
    const other = isDistribution(family.type) ? owners.get(created) : undefined;
    if (other === undefined) {
      if (isDistribution(family.type)) {
        derived.add(created);
      }
    } else if (family.isKnown && !other.isKnown) {
      refused.add(other);
    } else {
      split.add(family);
    }
  }
  for (const family of families) {
    if (refused.has(family)) {
      for (const { family: part, sources } of family.parts) {
        refusals.push(...sources.map((source) => ({ source, family: part, reason: 'not_in_openmetrics' }) as const));
      }
    } else if (split.has(family)) {
      yield* splitFamily(family);
    } else if (family.type === 'counter') {
      const base = baseOfCounter(family.name);
      const isFree = [base, base + CREATED].every((name) => !owners.has(name) && !derived.has(name));
      const isCounter = family.name.endsWith(TOTAL) && base !== '' && isFree;
      if (isCounter) {
        derived.add(base).add(base + CREATED);
      }
      yield isCounter ? family : { ...family, type: 'unknown' };
    } else {
      yield family;
    }
  }
}

/** Names that stand in the response for this family. */
function namesOf({ name, type }: MergedFamily): string[] {
  return [name, ...sampleSuffixes[type].map((suffix) => name + suffix)];
}

function splitFamily(family: MergedFamily): MergedFamily[] {
  const parts = new Map<string, MergePart[]>();
  for (const { family: part, sources } of family.parts) {
    for (const [suffix, ofSuffix] of splitDistribution(part, sources[0]!.scan.form.series)) {
      const known = parts.get(suffix) ?? [];
      known.push({ family: ofSuffix, sources });
      parts.set(suffix, known);
    }
  }
  return [...parts].map(([suffix, ofSuffix]) => ({
    ...family,
    name: family.name + suffix,
    type: 'unknown',
    parts: ofSuffix,
  }));
}

type Fit = (part: ScannedFamily, lines: LineTables) => OrderedLines;

function fitterOf({ type }: MergedFamily): Fit | undefined {
  switch (type) {
    case 'counter':
      return fitCounter;
    case 'histogram':
      return fitHistogram;
    case 'summary':
      return fitSummary;
    default:
      return undefined;
  }
}

/** A counter is a number that is not negative. */
function fitCounter({ segments }: ScannedFamily, { values }: LineTables): OrderedLines {
  const kept: Segment[] = [];
  const left: Segment[] = [];
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      const value = parseValue(valueText(values, line).split(' ', 1)[0]!);
      addLine(value >= 0 ? kept : left, line);
    }
  }
  return { kept, left };
}
