/**
 * Converts a program's own families to a scan, so that they can be merged with the bodies of others: the same result as
 * `scan` of the text of `encodeText`, without scanning that text.
 */
import { escapeHelp, formatHead, formatValue, LabelTexts } from '../format/encode-text.ts';
import type { MetricFamily } from '../format/family.ts';
import { runToEnd } from '../format/steps.ts';
import { LineTable } from './line-table.ts';
import { makeForm } from './make-form.ts';
import { formatRules, noFaults, type Scan, type ScannedFamily } from './scanned-body.ts';

const DRAFT_BYTES = 64 * 1024;
/** HELP and TYPE. */
const HEAD_LINES = 2;
/** Three for each sample: this number is printed without a pause. */
const STEP_MARKS = 3 * 1024;

/** The families in the order given. Names and series must be unique; this function does not check that. */
export function tabulate(families: Iterable<MetricFamily>): Scan {
  return runToEnd(tabulateInSteps(families));
}

/** The same in small steps, for families that foreign bytes can make large. */
export function* tabulateInSteps(families: Iterable<MetricFamily>): Generator<void, Scan> {
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
      if (marks.length % STEP_MARKS === 0) {
        yield;
      }
    }
    const to = marks.length / 3;
    const help = Buffer.from(escapeHelp(family.help));
    scanned.push({ name, type, help, segments: to > from ? [{ from, to }] : [], head });
  }
  const table = new LineTable(text.take(), marks.length / 3);
  for (let at = 0; at < marks.length; at += 3) {
    table.add(marks[at]!, marks[at + 1]!, marks[at + 2]!);
  }
  const { series, values } = table.close();
  const form = makeForm(
    { rules: formatRules, series, families: scanned, bucketOrder: [], hasTimestamps: false },
    values,
  );
  return { form, values, faults: noFaults };
}

/** A draft that is kept between two texts. Several texts may be written in turns; each that finds no draft creates one. */
let spareDraft: Buffer | undefined;

/** Text whose length is known at its end only. What is kept then has that length: it is as old as a response. */
class GrowingText {
  #draft = spareDraft ?? Buffer.allocUnsafeSlow(DRAFT_BYTES);
  length = 0;

  constructor() {
    spareDraft = undefined;
  }

  write(text: string): void {
    // No character of a string takes more than three bytes.
    const mostBytes = 3 * text.length;
    if (this.#draft.length - this.length < mostBytes) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#draft.length + mostBytes);
      this.#draft.copy(larger, 0, 0, this.length);
      this.#draft = larger;
    }
    this.length += this.#draft.write(text, this.length, 'utf8');
  }

  /** Ends the text. */
  take(): Buffer {
    const text = Buffer.allocUnsafeSlow(this.length);
    this.#draft.copy(text, 0, 0, this.length);
    if (this.#draft.length === DRAFT_BYTES) {
      spareDraft = this.#draft;
    }
    return text;
  }
}
