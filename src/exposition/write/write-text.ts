/**
 * Writes a merge plan as text 0.0.4 or OpenMetrics 1.0.0: the relabelled lines go from the bodies straight to the output.
 */

import type { ExtraLabels } from '../format/extra-labels.ts';
import { insertAtOf, type LineTables, seriesText, valueText } from '../scan/line-table.ts';
import { linesOf, type Segment } from '../scan/scanned-body.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { MergedFamily, MergePlan, MergeSource } from './merge.ts';
import { baseOfCounter, fitOpenMetrics } from './open-metrics-plan.ts';

/** Stands for no output: the caller may do other things now. */
const NOTHING = Buffer.alloc(0);

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
 * The response as OpenMetrics 1.0.0, in chunks; an empty one is a point at which the caller may do other things. Series
 * keep the names they have in text 0.0.4: a counter whose name does not end in `_total` is given as `unknown`.
 */
export function* writeOpenMetrics(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  const fitting = fitOpenMetrics(plan);
  let step = fitting.next();
  for (; !step.done; step = fitting.next()) {
    yield NOTHING;
  }
  const writer = new ChunkWriter(pool);
  for (const family of step.value.families) {
    const { type } = family;
    const name = type === 'counter' ? baseOfCounter(family.name) : family.name;
    const help = family.help === undefined ? '' : `# HELP ${name} ${quoteHelp(family.help)}\n`;
    writer.latin1(`# TYPE ${name} ${type}\n${help}`);
    yield* writeFamily(writer, family, timestampInSeconds);
  }
  writer.latin1('# EOF\n');
  yield* writer.takeAll();
}

/** HELP of text 0.0.4 as OpenMetrics wants it: there, quotes are escaped too. */
function quoteHelp(help: Buffer): string {
  return help.toString('latin1').replace(/\\[\\n]|[\\"]/g, (found) => (found.length === 2 ? found : `\\${found}`));
}

/**
 * `1 1700000000123`, a value and its timestamp, as `1 1700000000.123`; a value alone as it is. Prometheus multiplies by
 * 1000 and cuts: where that would lose a millisecond, half of one more is given.
 */
function timestampInSeconds(text: string): string {
  const [, value = '', digits = ''] = /^(\S+) ([0-9]+)$/.exec(text) ?? [];
  if (digits === '') {
    return text;
  }
  const padded = digits.padStart(4, '0');
  const seconds = `${padded.slice(0, -3)}.${padded.slice(-3)}`;
  const isCut = Math.trunc(Number(seconds) * 1000) < Number(digits);
  return `${value} ${seconds}${isCut ? '5' : ''}`;
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
  { scan, labels }: MergeSource,
  segments: readonly Segment[],
  prefix: Buffer,
  changeValue: ChangeValue | undefined,
): void {
  const lines = linesOf(scan);
  const isChanged = scan.form.hasTimestamps && changeValue !== undefined;
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
  { series, values }: LineTables,
  line: number,
  labels: ExtraLabels,
  prefix: Buffer,
  changeValue: ChangeValue | undefined,
): string {
  const inserted = insertAtOf(series, line) < 0 ? labels.inBraces : labels.afterLabels;
  const value = valueText(values, line);
  const head = prefix.toString('latin1') + seriesText(series, line, 'latin1') + inserted.toString('latin1');
  return `${head}${changeValue?.(value) ?? value}\n`;
}
