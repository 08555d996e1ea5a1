/**
 * Bodies within every default limit that are made to cost as much as they can.
 */
import { type HostileBody, hostileBodies, nineLabels } from '../../test/support/hostile-bodies.ts';
import type { HostileRow } from './row.ts';

/** The default of --max-body-bytes. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** A little less than the default of --max-samples. */
const MAX_SAMPLES = 19_900;

export const bodyRows: readonly HostileRow[] = [
  ...hostileBodies.map((body) => always(body.name, largestOf(body))),
  always('4 M blank lines, then 200 duplicates', '\n'.repeat(4_000_000) + 'kata_guest_x 1\n'.repeat(200)),
  always('4 MiB of faulty lines', '1\n'.repeat(MAX_BODY_BYTES / 2)),
  ...(['text', 'openmetrics', 'protobuf'] as const).map(
    (form): HostileRow => ({
      ...always(`19,900 samples with 9 labels, 12 sandboxes, ${form}`, nineLabels(MAX_SAMPLES)),
      form,
      sandboxes: 12,
    }),
  ),
  ...(['text', 'protobuf'] as const).map(
    (form): HostileRow => ({
      ...always(`19,900 samples with 9 labels, 40 sandboxes, ${form}`, nineLabels(MAX_SAMPLES)),
      form,
      scrapes: 5,
      sandboxes: 40,
    }),
  ),
  ...(['text', 'protobuf'] as const).map(
    (form): HostileRow => ({
      ...always(
        `199 families of 100 samples with 9 labels, 40 sandboxes, ${form}`,
        inFamilies(nineLabels(MAX_SAMPLES)),
      ),
      form,
      scrapes: 5,
      sandboxes: 40,
    }),
  ),
  {
    name: 'another valid body of 4 MiB at each scrape, then gone',
    scrapes: 20,
    sandboxes: 4,
    isRemoved: true,
    respond: (sandbox, request) => ({ body: Buffer.from(nineLabels(18_000, `${sandbox % 10}${request % 10}`)) }),
  },
];

function always(name: string, text: string): HostileRow {
  const body = Buffer.from(text);
  return { name, respond: () => ({ body }) };
}

/** As many lines as the limits of bytes and samples let through. */
function largestOf({ make }: HostileBody): string {
  let lines = MAX_SAMPLES;
  let text = make(lines);
  while (text.length > MAX_BODY_BYTES) {
    lines = Math.floor(lines * Math.min(0.95, MAX_BODY_BYTES / text.length));
    text = make(lines);
  }
  return text;
}

/** The same lines in many families, so that a limit of samples costs some of them and not all. */
function inFamilies(lines: string): string {
  return lines
    .split('\n')
    .map((line, i) => line.replace('{', `_${Math.floor(i / 100)}{`))
    .join('\n');
}
