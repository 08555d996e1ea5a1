/**
 * Bodies for property tests: templates whose values change, and edits that hit what a comparison with a known form could miss.
 */
import fc from 'fast-check';

/** A line of a template: HELP and TYPE, or a series whose value is another each time. */
export type TemplateLine = { readonly comment: string } | { readonly series: string };

const word = fc.stringMatching(/^[a-z]{1,9}$/);
const labelValue = fc.oneof(word, fc.constantFrom('é', '\\"', '\\\\', 'a,b=\\"c\\"', '} 1', 'x'.repeat(60)));
const labels = fc
  .uniqueArray(fc.tuple(word, labelValue), { maxLength: 4, selector: ([name]) => name })
  .map((pairs) => pairs.map(([name, value]) => `${name}="${value}"`).join(','));
const family = fc.record({
  name: word,
  type: fc.constantFrom('gauge', 'counter', 'untyped', 'histogram', 'summary'),
  series: fc.uniqueArray(labels, { minLength: 1, maxLength: 6 }),
});

export interface TemplateFamily {
  readonly name: string;
  readonly lines: readonly TemplateLine[];
}

/** Families `kata_<letters>` in any order. */
export const arbitraryTemplate: fc.Arbitrary<TemplateFamily[]> = fc
  .uniqueArray(family, { minLength: 1, maxLength: 5, selector: ({ name }) => name })
  .map((families) => families.map((each) => ({ name: each.name, lines: linesOfFamily(each) })));

function linesOfFamily({
  name: word_,
  type,
  series,
}: {
  name: string;
  type: string;
  series: string[];
}): TemplateLine[] {
  const name = `kata_${word_}`;
  const braces = (pairs: string, more = ''): string => {
    const all = [pairs, more].filter((text) => text !== '').join(',');
    return all === '' ? '' : `{${all}}`;
  };
  const lines = series.flatMap((pairs) => {
    switch (type) {
      case 'histogram':
        return [
          `${name}_bucket${braces(pairs, 'le="1"')}`,
          `${name}_bucket${braces(pairs, 'le="+Inf"')}`,
          `${name}_sum${braces(pairs)}`,
          `${name}_count${braces(pairs)}`,
        ];
      case 'summary':
        return [
          `${name}${braces(pairs, 'quantile="0.5"')}`,
          `${name}_sum${braces(pairs)}`,
          `${name}_count${braces(pairs)}`,
        ];
      default:
        return [name + braces(pairs)];
    }
  });
  return [
    { comment: `# HELP ${name} Text of ${name}.` },
    { comment: `# TYPE ${name} ${type}` },
    ...lines.map((text) => ({ series: text })),
  ];
}

/** Values in the spelling that all formats share. */
export const canonicalValue: fc.Arbitrary<string> = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom('0', '-0', '1.5', '-1', '8.0149069e+07', '1e-9', '007', '9'.repeat(40), 'NaN', '+Inf', '-Inf'),
);
/** Values in another spelling, and what is no value. */
export const oddValue: fc.Arbitrary<string> = fc.constantFrom(
  '+1',
  '.5',
  '1.',
  '1E5',
  'inf',
  'nan',
  '1e300',
  '1e999',
  'x',
  '',
  '0x1',
  '1 17',
  '1 x',
  '1\r',
  ' 2',
  '1 ',
);

/** What is done to the body beside new values; the whole of it stays like the template where nothing is. */
export type Change = (body: Buffer) => Buffer;

const nothing: Change = (body) => body;
export const arbitraryChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 14, arbitrary: fc.constant(nothing) },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(), fc.constantFrom(...'"}{ ,=\\\n\r#a19\0é')).map(([at, text]) => replaceAt(at, text)),
  },
  { weight: 3, arbitrary: fc.nat().map(spoilSeriesEnd) },
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (at): Change =>
        (body) =>
          body.subarray(0, at % (body.length + 1)),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Change>((body) => Buffer.from(body.toString().replaceAll('\n', '\r\n'))) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(), fc.nat(2)).map(([at, count]) => spliceLines(at, count)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.nat()).map(([from, to]) => copyLine(from, to)) },
);

function replaceAt(at: number, text: string): Change {
  return (body) => {
    const start = body.length === 0 ? 0 : at % body.length;
    return Buffer.concat([body.subarray(0, start), Buffer.from(text), body.subarray(start + 1)]);
  };
}

/** Changes the last byte of a label value or of a name: what a comparison that stops too early would not see. */
function spoilSeriesEnd(at: number): Change {
  return (body) => {
    const text = body.toString('latin1');
    const ends = [...text.matchAll(/[a-z0-9](?="?\}? )/g)].map(({ index }) => index);
    if (ends.length === 0) {
      return body;
    }
    const spoiled = Buffer.from(body);
    const end = ends[at % ends.length]!;
    spoiled[end] = spoiled[end] === 122 ? 121 : 122;
    return spoiled;
  };
}

function spliceLines(at: number, count: number): Change {
  return (body) => {
    const lines = body.toString().split('\n');
    return Buffer.from(
      lines.toSpliced(at % lines.length, count, ...(count === 0 ? ['kata_new{a="1"} 1'] : [])).join('\n'),
    );
  };
}

function copyLine(from: number, to: number): Change {
  return (body) => {
    const lines = body.toString().split('\n');
    return Buffer.from(lines.toSpliced(to % lines.length, 0, lines[from % lines.length]!).join('\n'));
  };
}

/** The text of a template with values, which are repeated where it has more lines. */
export function printBody(lines: readonly TemplateLine[], values: readonly string[]): Buffer {
  let at = 0;
  const text = lines.map((line) =>
    'comment' in line ? line.comment : `${line.series} ${values[at++ % values.length]}`,
  );
  return Buffer.from(text.map((line) => `${line}\n`).join(''));
}

/** A value for each line, none less than the one before it, of any width. */
export function rise(lines: readonly TemplateLine[], values: readonly string[]): readonly string[] {
  let sum = 0n;
  return lines.map((_, i) => {
    const value = values[i % values.length]!;
    sum += /^\d{1,18}$/.test(value) ? BigInt(value) : 0n;
    return String(sum);
  });
}
