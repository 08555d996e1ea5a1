/**
 * Bodies that are made to cost as much as they can, each of any size. For the test of work and the bench.
 */

export interface HostileBody {
  readonly name: string;
  /** The body with so many lines. */
  readonly make: (lines: number) => string;
}

export const hostileBodies: readonly HostileBody[] = [
  { name: 'the same series again and again', make: (n) => 'kata_guest_x 1\n'.repeat(n) },
  { name: 'the same series, rewritten', make: (n) => 'kata_guest_x{} 1\n'.repeat(n) },
  { name: 'the same series, labels in another order', make: (n) => repeat(n, (i) => swapped(i % 2 === 0, i >> 1)) },
  { name: 'blank lines, then duplicates', make: (n) => `${'\n'.repeat(n)}${'kata_guest_x 1\n'.repeat(200)}` },
  { name: 'histograms without +Inf', make: (n) => badHistograms(n >> 3) },
  { name: 'a histogram of shuffled buckets', make: shuffledBuckets },
  { name: 'a summary of many quantiles', make: manyQuantiles },
  {
    name: 'values of 480 digits and an x',
    make: (n) => repeat(n, (i) => `kata_guest_x{i="${i}"} ${'1'.repeat(480)}x\n`),
  },
  {
    name: 'values of 500 digits, too many for a double',
    make: (n) => repeat(n, (i) => `kata_guest_x{i="${i}"} ${'9'.repeat(500)}\n`),
  },
  {
    name: 'label values of escapes',
    make: (n) => repeat(n, (i) => `kata_guest_x{i="${i}",a="${'\\\\'.repeat(500)}"} 1\n`),
  },
  {
    name: 'blanks in labels, rewritten',
    make: (n) => repeat(n, (i) => `kata_guest_x { i = "${i}" , a ="${'\\"'.repeat(80)}" } 1\n`),
  },
  { name: 'one long line', make: (n) => `kata_guest_x{a="${'\\\\'.repeat(40 * n)}"} 1\n` },
  { name: 'one line of many labels', make: (n) => `kata_guest_x{${repeat(n, (i) => `l${i}="",`)}} 1\n` },
  {
    name: 'lines of other lengths',
    make: (n) => repeat(n, (i) => `kata_guest_x{a="${'x'.repeat(700 + (i % 1000))}",i="${i}"} 1\n`),
  },
  { name: 'a long HELP', make: (n) => `# HELP kata_guest_x ${'\\\\'.repeat(40 * n)}\nkata_guest_x 1\n` },
  { name: 'faulty lines', make: (n) => '1\n'.repeat(n) },
  { name: 'families in turns', make: (n) => repeat(n, (i) => `kata_guest_f${i % 100}{i="${i}"} 1\n`) },
  { name: 'TYPE lines in turns', make: (n) => repeat(n, (i) => `# TYPE kata_guest_f${i % 100} gauge\n`) },
  { name: 'suffixes before their TYPE', make: (n) => repeat(n, (i) => `kata_guest_f${i}_count 1\n`) },
  { name: 'samples with 9 labels', make: (n) => nineLabels(n) },
  { name: 'lines that metrics are derived from', make: manyInterfaces },
  {
    name: 'a blank before each value and a timestamp',
    make: (n) => repeat(n, (i) => `kata_guest_x{i="${i}"}  ${i} ${i}\n`),
  },
];

/** Samples with 9 labels each; `salt` makes other series. */
export function nineLabels(lines: number, salt = ''): string {
  const labels = Array.from({ length: 8 }, (_, i) => `label_${i}="${salt}value_of_${i}"`).join(',');
  return repeat(lines, (i) => `kata_guest_x{${labels},i="${i}"} ${i}\n`);
}

function repeat(count: number, lineOf: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => lineOf(i)).join('');
}

function swapped(isSwapped: boolean, i: number): string {
  return isSwapped ? `kata_guest_x{b="1",i="${i}"} 1\n` : `kata_guest_x{i="${i}",b="1"} 1\n`;
}

function badHistograms(count: number): string {
  return repeat(count, (i) => {
    const name = `kata_guest_h${i}`;
    const buckets = repeat(8, (le) => `${name}_bucket{le="${le}"} ${le}\n`);
    return `# TYPE ${name} histogram\n${buckets}${name}_sum 1\n${name}_count 8\n`;
  });
}

function shuffledBuckets(count: number): string {
  const bound = (i: number): number => (i * 7919) % count;
  const buckets = repeat(count, (i) => `kata_guest_h_bucket{le="${bound(i)}"} ${bound(i)}\n`);
  const end = `kata_guest_h_bucket{le="+Inf"} ${count}\nkata_guest_h_sum 1\nkata_guest_h_count ${count}\n`;
  return `# TYPE kata_guest_h histogram\n${buckets}${end}`;
}

function manyQuantiles(count: number): string {
  const quantiles = repeat(count, (i) => `kata_guest_s{quantile="${i / count}"} ${i}\n`);
  return `# TYPE kata_guest_s summary\n${quantiles}kata_guest_s_sum 1\nkata_guest_s_count 1\n`;
}

function manyInterfaces(count: number): string {
  return `# TYPE kata_guest_netdev_stat gauge\n${repeat(
    count,
    (i) => `kata_guest_netdev_stat{interface="eth${i}",item="recv_bytes"} ${i}\n`,
  )}`;
}
