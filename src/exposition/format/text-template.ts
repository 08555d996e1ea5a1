/**
 * Writes a program's own families as text 0.0.4 at each scrape, with the same bytes as `encodeText`. The series of a
 * program seldom change, so everything but the values is copied from the last text.
 */
import { formatHead, formatValue, LabelTexts } from './encode-text.ts';
import type { MetricFamily, Sample } from './family.ts';

/** The families of the last text. Their values are not used again. */
interface Template {
  readonly families: readonly MetricFamily[];
  /** The text before each value, each followed by an element for the value, and the text after the last value. */
  readonly pieces: string[];
  /** Encoding of the text: Latin-1 is copied, while UTF-8 would be searched for characters that are not ASCII. */
  readonly encoding: 'latin1' | 'utf8';
}

/** Keeps the last text, so each caller needs its own instance. */
export class TextTemplate {
  #template: Template | undefined;

  /** Families in the order given, as `encodeText` prints them. */
  encode(families: readonly MetricFamily[]): Buffer {
    const text = this.print(families);
    return Buffer.from(text, this.#template?.encoding);
  }

  /** The same as a text. */
  print(families: readonly MetricFamily[]): string {
    if (this.#template === undefined || !haveSameSeries(this.#template.families, families)) {
      this.#template = makeTemplate(families);
    }
    return fill(this.#template, families);
  }
}

/** Whether the texts of the two differ only in values. */
function haveSameSeries(known: readonly MetricFamily[], families: readonly MetricFamily[]): boolean {
  if (known.length !== families.length) {
    return false;
  }
  for (let i = 0; i < families.length; i++) {
    const last = known[i]!;
    const family = families[i]!;
    const isSame =
      last.name === family.name &&
      last.type === family.type &&
      last.help === family.help &&
      last.samples.length === family.samples.length;
    if (!isSame || !haveSameLabels(last.samples, family.samples)) {
      return false;
    }
  }
  return true;
}

function haveSameLabels(known: readonly Sample[], samples: readonly Sample[]): boolean {
  for (let i = 0; i < samples.length; i++) {
    const last = known[i]!;
    const sample = samples[i]!;
    if (last.suffix !== sample.suffix || (last.labels !== sample.labels && !isSameRecord(last.labels, sample.labels))) {
      return false;
    }
  }
  return true;
}

/** Whether the keys are the same, in the same order, with the same values. */
function isSameRecord(a: Sample['labels'], b: Sample['labels']): boolean {
  const names = Object.keys(a);
  const others = Object.keys(b);
  return names.length === others.length && names.every((name, i) => name === others[i] && a[name] === b[name]);
}

function makeTemplate(families: readonly MetricFamily[]): Template {
  const labels = new LabelTexts();
  const pieces: string[] = [];
  let text = '';
  for (const family of families) {
    text += formatHead(family);
    for (const sample of family.samples) {
      text += `${family.name}${sample.suffix ?? ''}${labels.of(sample.labels)} `;
      pieces.push(text, '');
      text = '\n';
    }
  }
  pieces.push(text);
  const fixed = pieces.join('');
  // Parts of one text: as concatenated strings they would take three times as much memory, and longer to copy.
  let at = 0;
  for (let i = 0; i < pieces.length; i += 2) {
    const end = at + pieces[i]!.length;
    pieces[i] = fixed.slice(at, end);
    at = end;
  }
  return { families, pieces, encoding: Buffer.byteLength(fixed) === fixed.length ? 'latin1' : 'utf8' };
}

/** Uses one call of `join`, which is as fast as an optimized loop, before V8 has optimized anything. */
function fill({ pieces }: Template, families: readonly MetricFamily[]): string {
  let at = 1;
  for (let i = 0; i < families.length; i++) {
    const { samples } = families[i]!;
    for (let j = 0; j < samples.length; j++) {
      const { value } = samples[j]!;
      // Digits and signs only: they are the same in every encoding.
      pieces[at] = typeof value === 'string' ? value : formatValue(value);
      at += 2;
    }
  }
  return pieces.join('');
}
