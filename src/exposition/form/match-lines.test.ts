import { describe, expect, it } from 'vitest';
import { formatRules, lineText } from '../scan/scanned-body.ts';
import { type ScanPaths, scan } from './scan.ts';

const template =
  '# TYPE a gauge\na{b="1"} 1\na{b="2"} 2\na{b="3"} 3\na{b="4"} 4\na{b="5"} 5\na{b="6"} 6\na{b="7"} 7\n' +
  '# TYPE c gauge\nc 1\n# TYPE d gauge\nd{e="1"} 1\nd{e="2"} 2\n';

describe('LineMatcher', () => {
  it.each<[title: string, change: (text: string) => string, matched: number, scanned: number]>([
    ['a new line in a family', (text) => text.replace('a{b="2"}', 'a{x="1"} 0\na{b="2"}'), 10, 1],
    ['a line less', (text) => text.replace('a{b="2"} 2\n', ''), 9, 0],
    ['as many lines less as are looked ahead', (text) => text.replace(/a\{b="[234]"\} \d\n/g, ''), 7, 0],
    ['more lines less', (text) => text.replace(/a\{b="[2-6]"\} \d\n/g, ''), 4, 1],
    ['a family less', (text) => text.replace('# TYPE c gauge\nc 1\n', ''), 9, 0],
    ['a new family', (text) => text.replace('# TYPE d', '# TYPE n gauge\nn 1\n# TYPE d'), 10, 1],
    ['the last byte of a series', (text) => text.replace('a{b="4"}', 'a{b="4 '.concat('"}')), 9, 1],
    ['a value in another spelling', (text) => text.replace('a{b="4"} 4', 'a{b="4"} 4.'), 9, 1],
    ['a timestamp', (text) => text.replace('a{b="4"} 4', 'a{b="4"} 4 5'), 9, 1],
    ['families in another order', (text) => text.replace(/(# TYPE c[^#]*)(# TYPE d[^#]*)/, '$2$1'), 10, 0],
    ['a family of another type', (text) => text.replace('c gauge', 'c count'), 9, 1],
    ['lines exchanged', (text) => text.replace('a{b="3"} 3\na{b="4"} 4\n', 'a{b="4"} 4\na{b="3"} 3\n'), 9, 1],
  ])('finds known lines beside %s', (_, change, matched, scanned) => {
    const body = Buffer.from(change(template).replaceAll(/ (\d)\n/g, ' $10\n'));
    const paths: ScanPaths = { matchedBodies: 0, matchedLines: 0, scannedLines: 0 };
    const found = scan(body, { form: scan(Buffer.from(template)).form, paths });
    expect(paths).toEqual({ matchedBodies: 0, matchedLines: matched, scannedLines: scanned });
    const alone = scan(body);
    const linesOf = ({ form, values }: typeof found): string[] =>
      Array.from({ length: form.series.count }, (__, line) => lineText(form.series, values, line));
    expect(linesOf(found)).toEqual(linesOf(alone));
    expect(found.faults).toEqual(alone.faults);
  });

  it('takes no more lines than the rules allow', () => {
    const rules = { ...formatRules, maxSamples: 3 };
    const { form } = scan(Buffer.from('# TYPE a gauge\na{b="1"} 1\na{b="2"} 2\na{b="3"} 3\n'), { rules });
    const { faults, form: own } = scan(Buffer.from('# TYPE a gauge\na 0\na{b="1"} 1\na{b="2"} 2\na{b="3"} 3\n'), {
      rules,
      form,
    });
    expect(own.series.count).toBe(3);
    expect(faults.counts.get('too_many_samples')).toBe(1);
  });
});
