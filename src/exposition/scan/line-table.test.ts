import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { LineTable } from './line-table.ts';
import { insertAtOf, lineText, seriesStart, seriesText, valueText } from './scanned-body.ts';

describe('LineTable', () => {
  it.each<[line: string, series: string, insertAt: number, value: string]>([
    ['a 1', 'a', ~1, '1'],
    ['a{b="1"} 2', 'a{b="1"', 7, '2'],
    ['a{b="é"} 2', 'a{b="é"', 8, '2'],
    ['a 1 5', 'a', ~1, '1 5'],
    ['a{b="} 7"} -1.5e+30', 'a{b="} 7"', 9, '-1.5e+30'],
  ])('keeps %s where it is', (line, series, insertAt, value) => {
    const { form, values } = scan(Buffer.from(`${line}\n`));
    expect(seriesStart(form.series, 0)).toBe(0);
    expect(insertAtOf(form.series, 0)).toBe(insertAt);
    expect(seriesText(form.series, 0)).toBe(series);
    expect(valueText(values, 0)).toBe(value);
    expect(lineText(form.series, values, 0)).toBe(line);
  });

  it.each([
    ['a  1', 'a 1'],
    ['a{} 1', 'a 1'],
    ['a{b="1",} +1', 'a{b="1"} 1'],
    [' a\t{ b = "1" } .5\t7 ', 'a{b="1"} 0.5 7'],
    ['a{b="1"}inf', 'a{b="1"} +Inf'],
  ])('rewrites %s after the body', (line, rewritten) => {
    const text = `# TYPE a gauge\n${line}\nb 2\n`;
    const { form, values } = scan(Buffer.from(text));
    expect(seriesStart(form.series, 0)).toBe(text.length);
    expect(form.series.body.toString()).toBe(`${text}${rewritten}\n`);
    expect(lineText(form.series, values, 0)).toBe(rewritten);
    expect(lineText(form.series, values, 1)).toBe('b 2');
  });

  it('grows, and tells where each line was in the body', () => {
    const body = Buffer.from('a 1\n'.repeat(3000));
    const table = new LineTable(body, 2);
    for (let at = 0; at < body.length; at += 4) {
      table.add(at, ~(at + 1), at + 3);
    }
    expect(table.count).toBe(3000);
    expect(table.originOf(2999)).toBe(4 * 2999);
    const { series, values } = table.close();
    expect(series.body).toBe(body);
    expect([lineText(series, values, 0), lineText(series, values, 2999)]).toEqual(['a 1', 'a 1']);
  });
});
