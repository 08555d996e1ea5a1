import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import type { FamilyType } from '../format/family.ts';
import { countSamples, formatRules, lineText, type Scan } from '../scan/scanned-body.ts';
import { type FamilyChoice, type FilteredBody, LineFilter } from './line-filter.ts';

const goShim = readFileSync(new URL('../../../test/fixtures/bodies/go-shim.metrics.txt', import.meta.url));
const types: Readonly<Record<string, FamilyType>> = { h: 'histogram', g: 'gauge' };
const choices: Readonly<Record<string, FamilyChoice>> = {
  a: 'all',
  h: 'all',
  i: { item: ['x', 'y'] },
  aa_count: 'all',
};

function createFilter(): LineFilter {
  return new LineFilter({ choose: (name) => choices[name] ?? 'none', typeOf: (name) => types[name] });
}

function filterBody(filter: LineFilter, text: string | Buffer, numbers?: number[]): FilteredBody {
  const body = Buffer.from(text);
  return filter.filter(body, Buffer.alloc(body.length), numbers);
}

/** By family, sorted. */
function linesOf({ form, values }: Scan, wanted: ReadonlySet<string>): Record<string, string[]> {
  const shown = form.families.filter(({ name }) => wanted.has(name));
  return Object.fromEntries(
    shown.map(({ name, type, segments }) => [
      name,
      [
        `${type}`,
        ...segments.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, i) => lineText(form.series, values, from + i)),
        ),
      ].sort(),
    ]),
  );
}

function filter(text: string): string {
  return filterBody(createFilter(), text).kept.toString();
}

describe('LineFilter', () => {
  it.each<[title: string, text: string, kept: string]>([
    ['an empty body', '', ''],
    ['families by their names', 'a 1\nb 2\na{x="1"} 3\n', 'a 1\na{x="1"} 3\n'],
    ['no newline at the end', 'b 1\na 2', 'a 2'],
    ['an unwanted end without newline', 'a 1\nb 2', 'a 1\n'],
    [
      'HELP and TYPE',
      '# HELP a x\n# TYPE a gauge\na 1\n# HELP b x\n# TYPE b gauge\nb 1\n',
      '# HELP a x\n# TYPE a gauge\na 1\n',
    ],
    ['blanks', ' # HELP\ta x\n\t a 1\n b 1\n', ' # HELP\ta x\n\t a 1\n'],
    ['comments and empty lines, which mean nothing', '# hello\n\n \r\na 1\n# EOF\n', 'a 1\n'],
    ['CRLF', '# TYPE a gauge\r\na 1\r\n# TYPE b gauge\r\nb 1\r\n', '# TYPE a gauge\r\na 1\r\n'],
    ['names that begin with a wanted one', 'aa 1\na_count 1\na 2\naa 3\n', 'a 2\n'],
    ['names that a wanted one begins with', '# TYPE aa gauge\naa 1\na 2\n', 'a 2\n'],
    [
      'all samples of a histogram that has its TYPE',
      '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\na_total 1\n',
      '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    ],
    ['none of an unwanted histogram', '# TYPE aa histogram\naa_bucket{le="+Inf"} 1\naa_sum 1\naa_count 1\n', ''],
    ['a scalar with such a name', '# TYPE aa gauge\naa 1\naa_count 1\n', 'aa_count 1\n'],
    [
      'a summary',
      '# TYPE a summary\na{quantile="1"} 1\na_sum 1\na_count 1\n',
      '# TYPE a summary\na{quantile="1"} 1\na_sum 1\na_count 1\n',
    ],
    [
      'a histogram whose type is known',
      'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\ng_sum 1\n',
      'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
    [
      'single items',
      '# TYPE i gauge\ni{item="x"} 1\ni{item="z"} 2\ni{item="y"} 3\ni 4\n',
      '# TYPE i gauge\ni{item="x"} 1\ni{item="y"} 3\n',
    ],
    ['faults of unwanted families not', 'b{broken 1\nb one\n# TYPE b nonsense\nb{c="\xff"} 1\na 1\n', 'a 1\n'],
    [
      'faults of wanted families',
      'a{broken 1\n# TYPE a nonsense\ni{item="z} 1\n',
      'a{broken 1\n# TYPE a nonsense\ni{item="z} 1\n',
    ],
    ['what is no name', '1a 1\n{} 1\n# HELP 1a x\nb 1\n', '1a 1\n{} 1\n# HELP 1a x\n'],
  ])('keeps of %s what is wanted', (_, text, kept) => {
    expect(filter(text)).toBe(kept);
  });

  it.each<[text: string, endsInWanted: boolean]>([
    ['', false],
    ['b 1\na 1\n', true],
    ['a 1\nb 1\n', false],
    ['a 1\n\n# hello\n', true],
    ['b 1\n# TYPE a gauge\n', true],
    ['i{item="z"} 1\n', true],
    ['a 1\n{nothing\n', false],
  ])('says whether %j ends in a wanted family', (text, endsInWanted) => {
    expect(filterBody(createFilter(), text).endsInWanted).toBe(endsInWanted);
  });

  it('numbers the lines that it keeps', () => {
    const numbers: number[] = [];
    filterBody(createFilter(), 'b 1\na 1\n\na 2\nb 2\na 3', numbers);
    expect(numbers).toEqual([2, 4, 6]);
  });

  it('keeps nothing of one body for the next', () => {
    const filter = createFilter();
    filterBody(filter, '# TYPE a histogram\n');
    expect(filterBody(filter, 'a_count 1\n').kept.toString()).toBe('');
    const { kept } = filterBody(filter, 'a 1\n');
    filterBody(filter, 'a 2\n');
    expect(kept.toString()).toBe('a 1\n');
  });

  it('of a good body keeps just the families that scanning finds, whichever are wanted', () => {
    const all = scan(goShim).form.families;
    fc.assert(
      fc.property(fc.subarray(all.map(({ name }) => name)), (names) => {
        const wanted = new Set(names);
        const filter = new LineFilter({ choose: (name) => (wanted.has(name) ? 'all' : 'none') });
        const kept = scan(filterBody(filter, goShim).kept);
        const expected = all.filter(({ name }) => wanted.has(name));
        expect(kept.form.families.map((family) => [family.name, family.type, countSamples(family)])).toEqual(
          expected.map((family) => [family.name, family.type, countSamples(family)]),
        );
        expect(kept.faults.described).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('of any body keeps the lines of wanted families that scanning finds', () => {
    const lines = goShim
      .toString()
      .split(/^(?=# HELP )/m)
      .filter((family, i) => i % 7 === 0 || / (?:histogram|summary)$/m.test(family))
      .join('')
      .split('\n');
    const known = new Map(scan(goShim).form.families.map(({ name, type }) => [name, type]));
    const rules = { ...formatRules, typeOf: (name: string) => known.get(name) };
    const at = fc.nat(lines.length - 1);
    const piece = fc.constantFrom('{', '}', '"', '\\', ',', '=', ' ', '\0', '\r', '\n', '_count', '# TYPE ', '# HELP ');
    const edits = fc.oneof(
      fc.record({ at, from: at }),
      fc.record({ at, cut: fc.nat(30) }),
      fc.record({ at, column: fc.nat(60), piece }),
    );
    fc.assert(
      fc.property(
        fc.array(edits, { maxLength: 5 }),
        fc.subarray([...known.keys()]),
        fc.boolean(),
        (all, names, isPartial) => {
          const edited = all.reduce<string[]>((text, edit) => {
            const line = text[edit.at] ?? '';
            if ('piece' in edit) {
              return text.toSpliced(edit.at, 1, line.slice(0, edit.column) + edit.piece + line.slice(edit.column));
            }
            return 'cut' in edit
              ? text.toSpliced(edit.at, edit.cut)
              : text.toSpliced(edit.at, 0, text[edit.from] ?? '');
          }, lines);
          const body = Buffer.from(edited.join('\n'));
          const wholeLines = isPartial ? body.subarray(0, body.lastIndexOf('\n') + 1) : body;
          const wanted = new Set(names);
          const filter = new LineFilter({
            choose: (name) => (wanted.has(name) ? 'all' : 'none'),
            typeOf: rules.typeOf,
          });
          const { kept, endsInWanted } = filterBody(filter, wholeLines);
          expect(linesOf(scan(kept, { rules, isPartial: isPartial && endsInWanted }), wanted)).toEqual(
            linesOf(scan(body, { rules, isPartial }), wanted),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
