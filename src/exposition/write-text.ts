/**
 * Writes a merge plan as text 0.0.4: the relabelled lines go from the bodies straight to the output.
 */
import { ChunkWriter } from './chunk-writer.ts';
import type { ExtraLabels } from './extra-labels.ts';
import type { LineTable } from './line-table.ts';
import type { MergedFamily, MergePart, MergePlan } from './merge.ts';
import type { Segment } from './scan.ts';

/** Below so many lines, the fixed cost of a search and replace is more than it saves. */
const MIN_REPLACED_LINES = 8;

/** The answer in chunks, in the order of the plan. */
export function* writeText(plan: MergePlan): Generator<Buffer> {
  const writer = new ChunkWriter();
  for (const family of plan.families) {
    writeHead(writer, family);
    const prefix = Buffer.from(family.prefix);
    for (const part of family.parts) {
      writeSamples(writer, part, prefix);
      yield* writer.takeFinished();
    }
  }
  yield* writer.takeAll();
}

function writeHead(writer: ChunkWriter, { name, type, help }: MergedFamily): void {
  if (help !== undefined) {
    writer.latin1(`# HELP ${name} ${help.toString('latin1')}\n`);
  }
  writer.latin1(`# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`);
}

/** Copies one source's lines of a family, each with the source's labels put in and `prefix` in front of its name. */
function writeSamples(writer: ChunkWriter, { source, family }: MergePart, prefix: Buffer): void {
  const { lines } = source.scan;
  for (const segment of family.segments) {
    if (segment.shape === 'mixed' || segment.to - segment.from < MIN_REPLACED_LINES) {
      for (let line = segment.from; line < segment.to; line++) {
        writeLine(writer, lines, line, source.labels, prefix);
      }
    } else {
      writer.latin1(relabelSegment(lines, segment, source.labels, prefix));
    }
  }
}

function writeLine(writer: ChunkWriter, lines: LineTable, line: number, labels: ExtraLabels, prefix: Buffer): void {
  const insertAt = lines.insertAtOf(line);
  const isBare = insertAt < 0;
  const split = isBare ? ~insertAt : insertAt;
  const inserted = isBare ? labels.inBraces : labels.afterLabels;
  writer.line(lines.bufferOf(line), lines.startOf(line), split, lines.endOf(line), prefix, inserted);
}

/**
 * One search and replace for all lines of a segment, done by the engine in native code: several times as fast as
 * copying line by line, from a few lines on.
 */
function relabelSegment(lines: LineTable, segment: Segment, labels: ExtraLabels, prefix: Buffer): string {
  const text = lines.body.toString('latin1', lines.startOf(segment.from), lines.endOf(segment.to - 1) + 1);
  const relabelled =
    segment.shape === 'braced' ? text.replace(/} /g, labels.bracePattern) : text.replace(/ /g, labels.blankPattern);
  if (prefix.length === 0) {
    return relabelled;
  }
  const prefixText = prefix.toString('latin1');
  return prefixText + relabelled.slice(0, -1).replace(/\n/g, `\n${prefixText}`) + '\n';
}
