/**
 * The data points of a family in a body: their lines, and their encoded attributes. Computed once for all bodies of a
 * form, because only values differ, and kept as long as the form.
 */
import { parseValue, readNumber, readSampleLine, type Scan, type ScannedFamily } from '../exposition/index.ts';
import { type OtelName, toAttributeName } from './conventions.ts';
import type {
  Attributes,
  HistogramValue,
  MetricKind,
  NumberPoints,
  RequestEncoder,
  SummaryValue,
  Values,
} from './request-encoder.ts';

/** The lines of one histogram or summary. */
export interface DistributionLines {
  /** Encoded. */
  readonly attributes: Buffer;
  /** Lines of buckets or quantiles, in rising order of their limits. */
  readonly limited: readonly { readonly line: number; readonly limit: number }[];
  readonly sumLine: number | undefined;
  readonly countLine: number | undefined;
  /** How many there are. */
  readonly lines: number;
}

export type Distributions = readonly DistributionLines[];

/** Labels that are attributes of the resource. */
export const resourceLabels: ReadonlySet<string> = new Set(['sandbox_id', 'cri_name', 'cri_namespace', 'cri_uid']);

/** Lines that are worked on without a pause. */
const STEP_LINES = 64;
/** Families of more lines are worked out for each request: a hostile form must not take twice its memory. */
const MAX_KEPT_LINES = 1000;

export interface PointsRequest {
  readonly family: ScannedFamily;
  readonly scan: Scan;
  /** Name of the family in /metrics. */
  readonly familyName: string;
  readonly name: OtelName;
  readonly kind: MetricKind;
}

export class FamilyPoints {
  readonly #encoder: RequestEncoder;
  readonly #numbers = new WeakMap<ScannedFamily, NumberPoints>();
  readonly #distributions = new WeakMap<ScannedFamily, Distributions>();

  constructor(encoder: RequestEncoder) {
    this.#encoder = encoder;
  }

  /** Yields where the caller may do other things. */
  *numbers(request: PointsRequest): Generator<void, NumberPoints> {
    const known = this.#numbers.get(request.family);
    if (known !== undefined) {
      return known;
    }
    const lines = linesOf(request.family);
    const points = yield* this.encodeNumbers(request, lines);
    if (lines.length <= MAX_KEPT_LINES) {
      this.#numbers.set(request.family, points);
    }
    return points;
  }

  /** Encodes some lines of a family. */
  *encodeNumbers(request: Omit<PointsRequest, 'family'>, lines: Int32Array): Generator<void, NumberPoints> {
    const ends = new Uint32Array(lines.length);
    const encoded: Buffer[] = [];
    let end = 0;
    for (let i = 0; i < lines.length; i++) {
      const { labels } = readSampleLine(request.scan, lines[i]!);
      const attributes = this.#encoder.encodeAttributes(toAttributes(request, labels), request.kind);
      encoded.push(attributes);
      end += attributes.length;
      ends[i] = end;
      if (i % STEP_LINES === STEP_LINES - 1) {
        yield;
      }
    }
    return { lines, attributes: Buffer.concat(encoded), ends };
  }

  *distributions(request: PointsRequest): Generator<void, Distributions> {
    const known = this.#distributions.get(request.family);
    if (known !== undefined) {
      return known;
    }
    const lines = linesOf(request.family);
    const points = yield* this.encodeDistributions({ ...request, sampleName: request.family.name }, lines);
    if (lines.length <= MAX_KEPT_LINES) {
      this.#distributions.set(request.family, points);
    }
    return points;
  }

  /** Encodes some lines of a family. `sampleName`: the name of the family in its body. */
  *encodeDistributions(
    request: Omit<PointsRequest, 'family'> & { readonly sampleName: string },
    lines: Int32Array,
  ): Generator<void, Distributions> {
    const limitLabel = request.kind === 'histogram' ? 'le' : 'quantile';
    const groups = new Map<string, Group>();
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i]!;
      const { name, labels } = readSampleLine(request.scan, line);
      const attributes = toAttributes(
        request,
        labels.filter(([label]) => label !== limitLabel),
      );
      const key = JSON.stringify(attributes.toSorted(([a], [b]) => (a < b ? -1 : 1)));
      const group = groups.get(key) ?? { attributes, limited: [], sumLine: undefined, countLine: undefined, lines: 0 };
      groups.set(key, group);
      group.lines++;
      const suffix = name.slice(request.sampleName.length);
      if (suffix === '_sum') {
        group.sumLine = line;
      } else if (suffix === '_count') {
        group.countLine = line;
      } else {
        const limit = labels.find(([label]) => label === limitLabel)?.[1];
        group.limited.push({ line, limit: limit === undefined ? Number.NaN : parseValue(limit) });
      }
      if (i % STEP_LINES === STEP_LINES - 1) {
        yield;
      }
    }
    return [...groups.values()].map(({ attributes, limited, ...rest }) => ({
      ...rest,
      attributes: this.#encoder.encodeAttributes(attributes, request.kind),
      limited: limited.sort((a, b) => a.limit - b.limit),
    }));
  }
}

interface Group {
  readonly attributes: Attributes;
  readonly limited: { readonly line: number; readonly limit: number }[];
  sumLine: number | undefined;
  countLine: number | undefined;
  lines: number;
}

function linesOf({ segments }: ScannedFamily): Int32Array {
  return Int32Array.from(segments.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
}

function toAttributes(
  { name: { attributes = {} }, familyName }: Pick<PointsRequest, 'familyName' | 'name'>,
  labels: Attributes,
): Attributes {
  const all = new Map(Object.entries(attributes));
  for (const [label, value] of labels) {
    if (value !== '' && !resourceLabels.has(label)) {
      all.set(toAttributeName(familyName, label), value);
    }
  }
  return [...all];
}

/**
 * Undefined for buckets that are not complete, or fall, or have a limit of -Inf, which JSON cannot express: a receiver would reject the
 * request with all other metrics.
 */
export function readHistogram(
  values: Values,
  { limited, sumLine, countLine }: DistributionLines,
): HistogramValue | undefined {
  const bucketCounts: number[] = [];
  let below = 0;
  for (const { line, limit } of limited) {
    const cumulative = readNumber(values, line);
    const own = cumulative - below;
    if (!Number.isSafeInteger(own) || own < 0 || !(limit > Number.NEGATIVE_INFINITY)) {
      return undefined;
    }
    bucketCounts.push(own);
    below = cumulative;
  }
  const count = countLine === undefined ? below : readNumber(values, countLine);
  const sum = sumLine === undefined ? undefined : readNumber(values, sumLine);
  const isComplete = limited.at(-1)?.limit === Number.POSITIVE_INFINITY && count === below;
  if (!isComplete || !(sum === undefined || Number.isFinite(sum))) {
    return undefined;
  }
  return { sum, count, bucketCounts, limits: limited.slice(0, -1).map(({ limit }) => limit) };
}

/** Undefined without a sum and a count. Quantiles without a value are omitted. */
export function readSummary(
  values: Values,
  { limited, sumLine, countLine }: DistributionLines,
): SummaryValue | undefined {
  const sum = sumLine === undefined ? Number.NaN : readNumber(values, sumLine);
  const count = countLine === undefined ? Number.NaN : readNumber(values, countLine);
  if (!Number.isFinite(sum) || !Number.isSafeInteger(count) || count < 0) {
    return undefined;
  }
  const quantiles = limited
    .map(({ line, limit }) => [limit, readNumber(values, line)] as const)
    .filter(([limit, value]) => limit >= 0 && limit <= 1 && Number.isFinite(value));
  return { sum, count, quantiles };
}
