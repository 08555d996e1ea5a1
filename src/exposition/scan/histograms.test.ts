import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';

const head = '# TYPE h histogram\n';
const whole = 'h_bucket{le="1"} 1\nh_bucket{le="2.5"} 3\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n';

function faultsOf(text: string): unknown {
  return scan(Buffer.from(text)).faults.described.map(({ reason, line, family }) => [reason, line, family]);
}

describe('Histograms', () => {
  it.each([
    ['one', whole],
    [
      'two, apart by a label',
      'h_bucket{le="+Inf",a="x"} 9\nh_count{a="x"} 9\nh_bucket{a="y",le="+Inf"} 1\nh_count{a="y"} 1\n',
    ],
    ['buckets in another order', 'h_count 3\nh_bucket{le="+Inf"} 3\nh_bucket{le="1"} 1\n'],
    [
      'bounds below zero and with exponents',
      'h_bucket{le="-1"} 0\nh_bucket{le="1e-3"} 1\nh_bucket{le="+Inf"} 1e+3\nh_count 1e+3\n',
    ],
    ['no sample at all', ''],
  ])('takes %s', (_, lines) => {
    expect(faultsOf(head + lines)).toEqual([]);
  });

  it.each([
    ['without +Inf', 'h_bucket{le="1"} 1\nh_count 1\n'],
    ['without buckets', 'h_sum 1\nh_count 1\n'],
    ['without count', 'h_bucket{le="+Inf"} 1\nh_sum 1\n'],
    ['with a bucket that has no bound', 'h_bucket 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with a bound that is no number', 'h_bucket{le="one"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with falling buckets', 'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with a count below zero', 'h_bucket{le="+Inf"} -1\nh_count -1\n'],
    ['with a count that is NaN', 'h_bucket{le="+Inf"} NaN\nh_count 1\n'],
    ['with a bound there twice', 'h_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with blanks in a bound', 'h_bucket{le=" 1"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with a bound of hexadecimal digits', 'h_bucket{le="0x1p3"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with a bound that is NaN', 'h_bucket{le="NaN"} 1\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
    ['with infinity in another spelling', 'h_bucket{le="Inf"} 1\nh_count 1\n'],
    ['with a bound of its sum', 'h_bucket{le="+Inf"} 1\nh_sum{le="1"} 1\nh_count 1\n'],
    ['with samples of different times', 'h_bucket{le="+Inf"} 1 5\nh_count 1 6\n'],
    ['with a time for some of its samples', 'h_bucket{le="+Inf"} 1 5\nh_count 1\n'],
    ['of which one of two is bad', `${whole}h_bucket{a="x",le="1"} 1\nh_count{a="x"} 1\n`],
  ])('refuses one %s, and nothing else', (_, lines) => {
    const scanned = scan(Buffer.from(`g 1\n${head}${lines}`));
    expect(scanned.form.families.map(({ name }) => name)).toEqual(['g']);
    expect(faultsOf(`g 1\n${head}${lines}`)).toEqual([['bad_histogram', 3, 'h']]);
  });

  it.each([
    ['one', 's{quantile="0.5"} 1\ns_sum 1\ns_count 1\n'],
    ['two, apart by a label', 's{quantile="0",a="x"} 1\ns{a="y",quantile="0"} 1\ns_count{a="x"} 1\n'],
    ['one without quantiles', 's_sum NaN\ns_count 1\n'],
    ['values of one time', 's{quantile="1e-1"} 1 5\ns_sum 1 5\n'],
  ])('are distinguished from summaries: %s', (_, lines) => {
    expect(faultsOf(`# TYPE s summary\n${lines}`)).toEqual([]);
  });

  it.each([
    ['a quantile', 's 1\n'],
    ['a quantile that is a number', 's{quantile="half"} 1\n'],
    ['a quantile but NaN', 's{quantile="NaN"} 1\n'],
    ['quantiles that are there once', 's{quantile="0.5"} 1\ns{quantile="0.50"} 1\n'],
    ['a sum without a quantile', 's_sum{quantile="0.5"} 1\n'],
    ['samples of one time', 's{quantile="0.5"} 1 5\ns_sum 1\n'],
  ])('are distinguished from summaries, which need %s', (_, lines) => {
    expect(faultsOf(`# TYPE s summary\n${lines}`)).toEqual([['bad_summary', 2, 's']]);
  });

  it('are looked at again in a body that is like one that was good', () => {
    const { form } = scan(Buffer.from(head + whole));
    const grown = Buffer.from((head + whole).replace('"} 1', '"} 2'));
    expect(scan(grown, { form }).form).toBe(form);
    const falling = Buffer.from((head + whole).replace('"} 1', '"} 4'));
    expect(scan(falling, { form })).toMatchObject({
      form: { families: [] },
      faults: { described: [{ reason: 'bad_histogram', line: 2 }] },
    });
  });
});
