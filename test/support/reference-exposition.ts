/**
 * A plain reader of text 0.0.4 and OpenMetrics, written apart from src/exposition, so that tests can hold the one to the
 * other. Slow and strict: it throws at whatever Prometheus would reject a whole response for.
 */

export interface ReferenceSeries {
  readonly name: string;
  /** Sorted by name. */
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
  readonly timestamp: string | undefined;
}

export interface ReferenceAnswer {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly series: readonly ReferenceSeries[];
}

const sampleLine =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:\\[\\"n]|[^\\"\n])*",?)*)\})? (\S+)(?: (-?[0-9.]+))?$/;

export function parseAnswer(text: string): ReferenceAnswer {
  const types = new Map<string, string>();
  const helps = new Map<string, string>();
  const series: ReferenceSeries[] = [];
  const closed = new Set<string>();
  const seen = new Set<string>();
  let current: string | undefined;
  const lines = text.split('\n');
  if (lines.pop() !== '') {
    throw new SyntaxError('The response does not end with a line feed');
  }
  for (const line of lines) {
    if (line === '# EOF') {
      continue;
    }
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment !== null) {
      const [, word = '', name = '', rest = ''] = comment;
      const table = word === 'HELP' ? helps : types;
      if (table.has(name)) {
        throw new SyntaxError(`Second ${word} for "${name}"`);
      }
      table.set(name, rest);
      continue;
    }
    const match = sampleLine.exec(line);
    if (match === null) {
      throw new SyntaxError(`No sample: ${line.slice(0, 200)}`);
    }
    const [, name = '', labelText = '', value = '', timestamp] = match;
    const labels = readLabels(labelText);
    const family = familyOf(name, types);
    if (family !== current) {
      if (closed.has(family)) {
        throw new SyntaxError(`Samples of "${family}" stand apart`);
      }
      if (current !== undefined) {
        closed.add(current);
      }
      current = family;
    }
    const key = keyOf({ name, labels });
    if (seen.has(key)) {
      throw new SyntaxError(`Series twice: ${key}`);
    }
    seen.add(key);
    series.push({ name, labels, value: readValue(value), timestamp });
  }
  return { types, helps, series };
}

/** `name{a="1"}` with sorted labels: what makes a series. */
export function keyOf({ name, labels }: Pick<ReferenceSeries, 'name' | 'labels'>): string {
  return `${name}${JSON.stringify(labels)}`;
}

/** Values by series. */
export function toSeriesMap(series: readonly ReferenceSeries[]): Map<string, number> {
  return new Map(series.map((each) => [keyOf(each), each.value]));
}

/** Of an honest body's series, those that OpenMetrics can carry: a histogram whose sum is NaN has neither sum nor count. */
export function seriesInOpenMetrics(series: readonly ReferenceSeries[]): readonly ReferenceSeries[] {
  const keyWithout = ({ name, labels }: ReferenceSeries, suffix: string): string =>
    keyOf({ name: name.slice(0, -suffix.length), labels });
  const left = new Set(
    series
      .filter(({ name, value }) => name.endsWith('_sum') && Number.isNaN(value))
      .map((each) => keyWithout(each, '_sum')),
  );
  return series.filter((each) => {
    const suffix = /_(?:count|sum)$/.exec(each.name)?.[0];
    return suffix === undefined || !left.has(keyWithout(each, suffix));
  });
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  if (types.has(name)) {
    return name;
  }
  const [, base = '', suffix = ''] = /^(.*)(_bucket|_count|_sum|_total)$/.exec(name) ?? [];
  const type = types.get(base);
  const allowed: Record<string, readonly string[]> = {
    histogram: ['_bucket', '_count', '_sum'],
    summary: ['_count', '_sum'],
    counter: ['_total'],
  };
  return type !== undefined && allowed[type]?.includes(suffix) === true ? base : name;
}

function readLabels(text: string): (readonly [string, string])[] {
  const labels: [string, string][] = [];
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\[\\"n]|[^\\"\n])*)",?/.exec(rest);
    if (match === null) {
      throw new SyntaxError(`No labels: ${text}`);
    }
    const [all, name = '', value = ''] = match;
    if (labels.some(([other]) => other === name)) {
      throw new SyntaxError(`Label "${name}" twice: ${text}`);
    }
    labels.push([name, value.replaceAll(/\\([\\"n])/g, (_, c: string) => (c === 'n' ? '\n' : c))]);
    rest = rest.slice(all.length);
  }
  return labels.sort(([a], [b]) => (a < b ? -1 : 1));
}

function readValue(text: string): number {
  const special: Record<string, number> = { '+Inf': Infinity, '-Inf': -Infinity, NaN: Number.NaN };
  const value = special[text] ?? Number(text);
  if (Number.isNaN(value) && text !== 'NaN') {
    throw new SyntaxError(`No value: ${text}`);
  }
  return value;
}
