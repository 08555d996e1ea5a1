import { describe, expect, it } from 'vitest';
import { runToEnd } from '../format/steps.ts';
import { valueText } from '../scan/scanned-body.ts';
import { matchBody } from './match-body.ts';
import { scan } from './scan.ts';

const template = '# TYPE a gauge\na 1\na{b="1"} 2\n# HELP c x\n# TYPE c counter\nc{d="é",e=""} 3\n';
const histogram = '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\n';

/** The values, or undefined where the body does not match. */
function match(known: string, text: string): string[] | undefined {
  const { form } = scan(Buffer.from(known));
  const values = runToEnd(matchBody(Buffer.from(text), form));
  return values && Array.from({ length: form.series.count }, (_, line) => valueText(values, line));
}

describe('matchBody', () => {
  it.each([
    ['the template itself', template, template, ['1', '2', '3']],
    [
      'longer values',
      template,
      template.replace(' 1\n', ' 12345678901234567890\n'),
      ['12345678901234567890', '2', '3'],
    ],
    ['a value without a digit', template, template.replace(' 2\n', ' NaN\n'), ['1', 'NaN', '3']],
    ['an exponent', template, template.replace(' 3\n', ' 8.014e+07\n'), ['1', '2', '8.014e+07']],
    ['a negative value', template, template.replace(' 1\n', ' -1.5\n'), ['-1.5', '2', '3']],
    ['infinities', template, template.replace(' 1\n', ' +Inf\n').replace(' 2\n', ' -Inf\n'), ['+Inf', '-Inf', '3']],
    ['shorter values than the template has', template.replace(' 1\n', ' 100\n'), template, ['1', '2', '3']],
    [
      'a family without samples',
      '# TYPE a gauge\n# TYPE b gauge\nb 1\n',
      '# TYPE a gauge\n# TYPE b gauge\nb 22\n',
      ['22'],
    ],
    ['nothing', '', '\n', undefined],
    ['rising buckets', histogram, histogram.replace('1"} 1', '1"} 2'), ['2', '2', '2']],
  ])('takes the values: %s', (_, known, text, values) => {
    expect(match(known, text)).toEqual(values);
  });

  it.each([
    ['a line less', template.replace('a 1\n', '')],
    ['a line more', `${template}f 1\n`],
    ['a line twice', template.replace('a 1\n', 'a 1\na 1\n')],
    ['lines exchanged', template.replace('a 1\na{b="1"} 2\n', 'a{b="1"} 2\na 1\n')],
    ['the end cut', template.slice(0, -1)],
    ['a line cut', template.slice(0, -3)],
    ['only the beginning', template.slice(0, template.indexOf('# HELP'))],
    ['another label value', template.replace('b="1"', 'b="2"')],
    ['another label name', template.replace('b="1"', 'c="1"')],
    ['another name', template.replace('a 1', 'b 1')],
    ['another byte before the brace', template.replace('e=""', 'e=" ')],
    ['another HELP', template.replace('c x', 'c y')],
    ['another TYPE', template.replace('a gauge', 'a count')],
    ['no blank', template.replace('} 2', '}2')],
    ['two blanks', template.replace('} 2', '}  2')],
    ['a tab', template.replace('} 2', '}\t2')],
    ['CR LF', template.replace('2\n', '2\r\n')],
    ['a blank after the value', template.replace('2\n', '2 \n')],
    ['a timestamp', template.replace('2\n', '2 17\n')],
    ['no value', template.replace('2\n', '\n')],
    ['a value that is none', template.replace('2\n', 'x\n')],
    ['a value in another spelling', template.replace('2\n', '+2\n')],
    ['a value that is too large', template.replace('2\n', '1e999\n')],
    ['a comment between', template.replace('a 1\n', 'a 1\n# hello\n')],
    ['a blank line', template.replace('a 1\n', 'a 1\n\n')],
  ])('matches no body with %s', (_, text) => {
    expect(match(template, text)).toBeUndefined();
  });

  it.each([
    ['falling buckets', histogram, histogram.replace('1"} 1', '1"} 3')],
    ['a bucket that is NaN', histogram, histogram.replace('1"} 1', '1"} NaN')],
    ['a template with a timestamp', 'a 1 5\n', 'a 1 5\n'],
    ['a template with a fault', 'a 1\nb x\n', 'a 1\nb x\n'],
    ['a template with CR LF', 'a 1\r\n', 'a 1\r\n'],
    ['a template without heads', 'a 1\n', 'a 1\n'],
    ['a template with a comment', '# x\n# TYPE a gauge\na 1\n', '# x\n# TYPE a gauge\na 1\n'],
    [
      'bytes that are no UTF-8 would be another series',
      '# TYPE a gauge\na{b="?"} 1\n',
      '# TYPE a gauge\na{b="\ud800"} 1\n',
    ],
  ])('leaves to the scanner: %s', (_, known, text) => {
    expect(match(known, text)).toBeUndefined();
  });
});
