/**
 * Writes a merge plan as text 0.0.4: the relabelled lines go from the bodies straight to the output.
 */

import type { ExtraLabels } from '../format/extra-labels.ts';
import { insertAtOf, type LineTables, linesOf, seriesText, valueText } from '../scan/scanned-body.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { LineWriter } from './line-writer.ts';
import type { MergedFamily, MergePlan, MergeSource } from './merge-plan.ts';

/**
 * The response as text 0.0.4, in chunks, in the order of the plan. Chunks are taken from the pool; a caller that returns them
 * after sending saves memory.
 */
export function writeText(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  return writeTextTo(new ChunkWriter(pool), plan);
}

/** Writes the same text to `writer` and yields its chunks. An empty chunk is a point at which the caller may do other things. */
export function* writeTextTo(writer: LineWriter, plan: MergePlan): Generator<Buffer> {
  for (const family of plan.families) {
    writer.latin1(headText(family));
    yield* writeFamily(writer, family, undefined);
  }
  yield* writer.takeAll();
}

/** The HELP and TYPE lines of a family; each character is one byte. */
export function headText({ name, type, help }: MergedFamily): string {
  const helpLine = help === undefined ? '' : `# HELP ${name} ${help.toString('latin1')}\n`;
  return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
}

type ChangeValue = (value: string) => string;

/** Samples of a family, without its head; `changeValue` gets values that have a timestamp behind them. */
export function* writeFamily(
  writer: LineWriter,
  family: MergedFamily,
  changeValue: ChangeValue | undefined,
): Generator<Buffer> {
  const prefix = Buffer.from(family.prefix);
  // Not for-of, which in a generator makes an object for each sandbox.
  const { parts } = family;
  for (let i = 0; i < parts.length; i++) {
    const { family: part, sources } = parts[i]!;
    const { segments } = part;
    for (let j = 0; j < sources.length; j++) {
      for (let k = 0; k < segments.length; k++) {
        const { to } = segments[k]!;
        for (let { from } = segments[k]!; from < to; from += STEP_LINES) {
          writeSamples(writer, sources[j]!, from, Math.min(to, from + STEP_LINES), prefix, changeValue);
          if (writer.hasFinished) {
            yield* writer.takeFinished();
          }
        }
      }
    }
  }
}

/** Lines that are written without a pause. */
const STEP_LINES = 512;

/** Copies lines of one source, each with the source's labels put in and `prefix` in front of its name. */
function writeSamples(
  writer: LineWriter,
  { scan, labels }: MergeSource,
  from: number,
  to: number,
  prefix: Buffer,
  changeValue: ChangeValue | undefined,
): void {
  const isChanged = scan.form.hasTimestamps && changeValue !== undefined;
  for (let line = from; line < to; line++) {
    if (!isChanged) {
      line = writer.lines(scan, line, to, prefix, labels);
    }
    if (line < to) {
      writer.latin1(relabelLine(linesOf(scan), line, labels, prefix, changeValue));
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
