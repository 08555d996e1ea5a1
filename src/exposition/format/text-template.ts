/**
 * Prints a program's own families as text 0.0.4, scrape after scrape: as `encodeText`, with the same bytes. The series of a
 * program seldom change, so everything but the values is kept from the last time and copied.
 */
import { formatHead, formatValue, LabelTexts } from './encode-text.ts';
import type { MetricFamily, Sample } from './family.ts';

/** The families of the last text. Their values are not used again. */
interface Template {
  readonly families: readonly MetricFamily[];
  /** What stands before each value, with a place for the value after it; last, what stands after all of them. */
  readonly pieces: string[];
  /** Of the text: Latin-1 is copied, UTF-8 would be searched for what is not ASCII. */
  readonly encoding: 'latin1' | 'utf8';
}

export class TextTemplate {
  #template: Template | undefined;

  /** Families in the order given, as `encodeText` prints them. */
  encode(families: readonly MetricFamily[]): Buffer {
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
  return { families, pieces, encoding: Buffer.byteLength(fixed) === fixed.length ? 'latin1' : 'utf8' };
}

/** By one call of `join` and one of `Buffer.from`: as fast as an optimized loop, and so before anything is optimized. */
function fill({ pieces, encoding }: Template, families: readonly MetricFamily[]): Buffer {
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
  return Buffer.from(pieces.join(''), encoding);
}
