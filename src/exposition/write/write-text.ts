/**
 * Writes a merge plan as text 0.0.4 or OpenMetrics 1.0.0: the relabelled lines go from the bodies straight to the output.
 */

import type { ExtraLabels } from '../format/extra-labels.ts';
import type { FamilyType } from '../format/family.ts';
import type { LineTable } from '../scan/line-table.ts';
import type { Segment } from '../scan/scanned-body.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { MergedFamily, MergePlan, MergeSource } from './merge.ts';

/**
 * The answer as text 0.0.4, in chunks, in the order of the plan. Chunks are taken from the pool; who gives them back to
 * it when they have gone out saves memory.
 */
export function* writeText(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  const writer = new ChunkWriter(pool);
  for (const family of plan.families) {
    const { name, type, help } = family;
    const helpLine = help === undefined ? '' : `# HELP ${name} ${help.toString('latin1')}\n`;
    writer.latin1(`${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`);
    yield* writeFamily(writer, family, undefined);
  }
  yield* writer.takeAll();
}

/**
 * The answer as OpenMetrics 1.0.0, in chunks. Series keep the names they have in text 0.0.4: a counter whose name does
 * not end in `_total`, or whose name without it is another family's, is given as `unknown`.
 */
export function* writeOpenMetrics(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  const writer = new ChunkWriter(pool);
  const names = new Set(plan.families.map((family) => family.name));
  for (const family of plan.families) {
    const head = nameInOpenMetrics(family, names);
    const help = family.help === undefined ? '' : `# HELP ${head.name} ${quoteHelp(family.help)}\n`;
    writer.latin1(`# TYPE ${head.name} ${head.type}\n${help}`);
    yield* writeFamily(writer, family, timestampInSeconds);
  }
  writer.latin1('# EOF\n');
  yield* writer.takeAll();
}

function nameInOpenMetrics(
  { name, type }: MergedFamily,
  names: ReadonlySet<string>,
): { name: string; type: FamilyType } {
  if (type !== 'counter') {
    return { name, type };
  }
  const base = name.endsWith('_total') ? name.slice(0, -'_total'.length) : '';
  return base === '' || names.has(base) ? { name, type: 'unknown' } : { name: base, type };
}

/** HELP of text 0.0.4 as OpenMetrics wants it: there, quotes are escaped too. */
function quoteHelp(help: Buffer): string {
  return help.toString('latin1').replace(/\\[\\n]|[\\"]/g, (found) => (found.length === 2 ? found : `\\${found}`));
}

/** `1 1700000000123`, a value and its timestamp, as `1 1700000000.123`; a value alone as it is. */
function timestampInSeconds(text: string): string {
  const [, value = '', sign = '', digits = ''] = /^(\S+) (-?)(\d+)$/.exec(text) ?? [];
  if (digits === '') {
    return text;
  }
  const padded = digits.padStart(4, '0');
  return `${value} ${sign}${padded.slice(0, -3)}.${padded.slice(-3)}`;
}

type ChangeValue = (value: string) => string;

function* writeFamily(
  writer: ChunkWriter,
  family: MergedFamily,
  changeValue: ChangeValue | undefined,
): Generator<Buffer> {
  const prefix = Buffer.from(family.prefix);
  // Not for-of, which in a generator makes an object for each sandbox.
  const { parts } = family;
  for (let i = 0; i < parts.length; i++) {
    const { family: part, sources } = parts[i]!;
    for (let j = 0; j < sources.length; j++) {
      writeSamples(writer, sources[j]!, part.segments, prefix, changeValue);
      if (writer.hasFinished) {
        yield* writer.takeFinished();
      }
    }
  }
}

/** Copies lines of one source, each with the source's labels put in and `prefix` in front of its name. */
function writeSamples(
  writer: ChunkWriter,
  { scan: { lines, hasTimestamps }, labels }: MergeSource,
  segments: readonly Segment[],
  prefix: Buffer,
  changeValue: ChangeValue | undefined,
): void {
  const isChanged = hasTimestamps && changeValue !== undefined;
  for (let i = 0; i < segments.length; i++) {
    const { from, to } = segments[i]!;
    for (let line = from; line < to; line++) {
      if (!isChanged) {
        line = writer.lines(lines, line, to, prefix, labels);
      }
      if (line < to) {
        writer.latin1(relabelLine(lines, line, labels, prefix, changeValue));
      }
    }
  }
}

/** The slow way, for lines that are not in the body as they are to be written. */
function relabelLine(
  lines: LineTable,
  line: number,
  labels: ExtraLabels,
  prefix: Buffer,
  changeValue: ChangeValue | undefined,
): string {
  const inserted = lines.insertAtOf(line) < 0 ? labels.inBraces : labels.afterLabels;
  const value = lines.valueTextOf(line);
  const head = prefix.toString('latin1') + lines.seriesTextOf(line, 'latin1') + inserted.toString('latin1');
  return `${head}${changeValue?.(value) ?? value}\n`;
}
