/**
 * Gives a program's own families as a scan, so that they can be merged with bodies of others: what `scan` finds in the
 * text of `encodeText`, without reading that text again.
 */
import { escapeHelp, formatHead, formatValue, LabelTexts } from '../format/encode-text.ts';
import type { MetricFamily } from '../format/family.ts';
import { LineTable } from './line-table.ts';
import { formatRules, type Scan, type ScannedFamily } from './scanned-body.ts';

const INITIAL_BYTES = 64 * 1024;
/** HELP and TYPE. */
const HEAD_LINES = 2;

/** The families in the order given. Each name may come once, and no series twice: nobody looks. */
export function tabulate(families: Iterable<MetricFamily>): Scan {
  const text = new GrowingText();
  /** Start, insertAt and end of each line, as `LineTable.add` takes them. */
  const marks: number[] = [];
  const labels = new LabelTexts();
  const scanned: ScannedFamily[] = [];
  for (const family of families) {
    const { name, type } = family;
    const headStart = text.length;
    text.write(formatHead(family));
    const head = { start: headStart, end: text.length, lines: HEAD_LINES };
    const from = marks.length / 3;
    for (const sample of family.samples) {
      const pairs = labels.of(sample.labels);
      const start = text.length;
      text.write(`${name}${sample.suffix ?? ''}${pairs}`);
      const insertAt = pairs === '' ? ~text.length : text.length - 1;
      text.write(` ${formatValue(sample.value)}\n`);
      marks.push(start, insertAt, text.length - 1);
    }
    const to = marks.length / 3;
    const help = Buffer.from(escapeHelp(family.help));
    scanned.push({ name, type, help, segments: to > from ? [{ from, to }] : [], head });
  }
  const lines = LineTable.of(text.take(), marks.length / 3);
  for (let at = 0; at < marks.length; at += 3) {
    lines.add(marks[at]!, marks[at + 1]!, marks[at + 2]!);
  }
  return {
    rules: formatRules,
    lines,
    families: scanned,
    sampleCount: lines.count,
    hasTimestamps: false,
    faults: [],
    faultCounts: new Map(),
  };
}

class GrowingText {
  #bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  length = 0;

  write(text: string): void {
    // No character of a string takes more than three bytes.
    const mostBytes = 3 * text.length;
    if (this.#bytes.length - this.length < mostBytes) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length + mostBytes);
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    this.length += this.#bytes.write(text, this.length, 'utf8');
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }
}
