/**
 * Bodies within every default limit that are made to cost as much as they can.
 */
import type { HostileRow } from './row.ts';

/** The default of --max-body-bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** A little less than the default of --max-samples. */
const MAX_SAMPLES = 19_900;

export const bodyRows: readonly HostileRow[] = [
  always('20,000 times the same series', 'kata_guest_x 1\n'.repeat(20_000)),
  always('4 M blank lines, then 200 duplicates', '\n'.repeat(4_000_000) + 'kata_guest_x 1\n'.repeat(200)),
  always('1,990 histograms without +Inf', badHistograms(1990)),
  always('a histogram of 19,900 shuffled buckets', shuffledBuckets()),
  always(
    'values of 480 digits and an x',
    fill((i) => `kata_guest_x{i="${i}"} ${'1'.repeat(480)}x\n`),
  ),
  always(
    'values of 500 digits, one too many for a double',
    fill((i) => `kata_guest_x{i="${i}"} ${'9'.repeat(500)}\n`),
  ),
  always(
    'label values of escapes',
    fill((i) => `kata_guest_x{i="${i}",a="${'\\\\'.repeat(2000)}"} 1\n`),
  ),
  always(
    'blanks in labels, rewritten',
    fill((i) => `kata_guest_x { i = "${i}" , a ="${'\\"'.repeat(80)}" } 1\n`),
  ),
  always('one line of 4 MiB', `kata_guest_x{a="${'\\\\'.repeat(2_000_000)}"} 1\n`),
  always('HELP of a line of 4 MiB', `# HELP kata_guest_x ${'\\\\'.repeat(2_000_000)}\nkata_guest_x 1\n`),
  always('4 MiB of faulty lines', '1\n'.repeat(MAX_BODY_BYTES / 2)),
  always('2,000 families in turns', inTurns(2000)),
  ...(['text', 'openmetrics', 'protobuf'] as const).map(
    (form): HostileRow => ({
      ...always(`19,900 samples with 9 labels, 12 sandboxes, ${form}`, nineLabels('')),
      form,
      sandboxes: 12,
    }),
  ),
  {
    name: 'another valid body of 4 MiB at each scrape, then gone',
    scrapes: 20,
    sandboxes: 4,
    isRemoved: true,
    respond: (sandbox, request) => ({ body: Buffer.from(nineLabels(`${sandbox}_${request}_`)) }),
  },
];

function always(name: string, text: string): HostileRow {
  const body = Buffer.from(text);
  return { name, respond: () => ({ body }) };
}

/** As many lines as the limits of bytes and samples let through. */
function fill(lineOf: (i: number) => string): string {
  let text = '';
  for (let i = 0; i < MAX_SAMPLES; i++) {
    const line = lineOf(i);
    if (text.length + line.length > MAX_BODY_BYTES) {
      break;
    }
    text += line;
  }
  return text;
}

function badHistograms(count: number): string {
  return Array.from({ length: count }, (_, i) => {
    const name = `kata_guest_h${i}`;
    const buckets = Array.from({ length: 8 }, (__, le) => `${name}_bucket{le="${le}"} ${le}\n`).join('');
    return `# TYPE ${name} histogram\n${buckets}${name}_sum 1\n${name}_count 8\n`;
  }).join('');
}

function shuffledBuckets(): string {
  const bound = (i: number): number => (i * 7919) % MAX_SAMPLES;
  const buckets = fill((i) => `kata_guest_h_bucket{le="${bound(i)}"} ${bound(i)}\n`);
  const end = `kata_guest_h_bucket{le="+Inf"} 20000\nkata_guest_h_sum 1\nkata_guest_h_count 20000\n`;
  return `# TYPE kata_guest_h histogram\n${buckets}${end}`;
}

/** No sample stands beside another one of its family. */
function inTurns(families: number): string {
  const rounds = Math.floor(MAX_SAMPLES / families);
  return Array.from({ length: rounds * families }, (_, i) => {
    return `kata_guest_f${i % families}{i="${Math.floor(i / families)}"} 1\n`;
  }).join('');
}

function nineLabels(salt: string): string {
  const labels = Array.from({ length: 8 }, (_, i) => `label_${i}="${salt}value_of_${i}"`).join(',');
  return fill((i) => `kata_guest_x{${labels},i="${i}"} ${i}\n`);
}
