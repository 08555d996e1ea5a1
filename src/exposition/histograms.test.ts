import { describe, expect, it } from 'vitest';
import { scan } from './scan.ts';

const head = '# TYPE h histogram\n';
const whole = 'h_bucket{le="1"} 1\nh_bucket{le="2.5"} 3\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n';

function faultsOf(text: string): unknown {
  return scan(Buffer.from(text)).faults.map(({ reason, line, family }) => [reason, line, family]);
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
    ['of which one of two is bad', `${whole}h_bucket{a="x",le="1"} 1\nh_count{a="x"} 1\n`],
  ])('refuses one %s, and nothing else', (_, lines) => {
    const scanned = scan(Buffer.from(`g 1\n${head}${lines}`));
    expect(scanned.families.map(({ name }) => name)).toEqual(['g']);
    expect(faultsOf(`g 1\n${head}${lines}`)).toEqual([['bad_histogram', 3, 'h']]);
  });

  it('are looked at again in a body that is like one that was good', () => {
    const like = scan(Buffer.from(head + whole));
    const grown = Buffer.from((head + whole).replace('"} 1', '"} 2'));
    expect(scan(grown, { like }).families).toBe(like.families);
    const falling = Buffer.from((head + whole).replace('"} 1', '"} 4'));
    expect(scan(falling, { like })).toMatchObject({ families: [], faults: [{ reason: 'bad_histogram', line: 2 }] });
  });
});
