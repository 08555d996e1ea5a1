/**
 * Prints a program's own families as text 0.0.4, scrape after scrape: as `encodeText`, with the same bytes. The series of a
 * program seldom change, so everything but the values is kept from the last time and copied.
 */
import { formatHead, formatValue, LabelTexts } from './encode-text.ts';
import type { MetricFamily, Sample } from './family.ts';
import { MAX_OVERSHOOT_BYTES, viewOf, WORD_BYTES } from './words.ts';

/** The families of the last text. Their values are not used again. */
interface Template {
  readonly families: readonly MetricFamily[];
  /** What stands before each value and, last, after all of them, one after the other. */
  readonly fixed: DataView;
  /** Where each of these ends. */
  readonly ends: Int32Array;
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
  const pieces: Buffer[] = [];
  const ends: number[] = [];
  let text = '';
  let end = 0;
  const close = (): void => {
    const piece = Buffer.from(text);
    pieces.push(piece);
    end += piece.length;
    ends.push(end);
  };
  for (const family of families) {
    text += formatHead(family);
    for (const sample of family.samples) {
      text += `${family.name}${sample.suffix ?? ''}${labels.of(sample.labels)} `;
      close();
      text = '\n';
    }
  }
  close();
  const fixed = Buffer.concat(pieces, end + MAX_OVERSHOOT_BYTES);
  return { families, fixed: viewOf(fixed), ends: Int32Array.from(ends) };
}

function fill({ fixed, ends }: Template, families: readonly MetricFamily[]): Buffer {
  const values: string[] = [];
  let length = ends[ends.length - 1]!;
  for (let i = 0; i < families.length; i++) {
    const { samples } = families[i]!;
    for (let j = 0; j < samples.length; j++) {
      const { value } = samples[j]!;
      const text = typeof value === 'string' ? value : formatValue(value);
      values.push(text);
      length += text.length;
    }
  }
  const target = Buffer.allocUnsafeSlow(length + MAX_OVERSHOOT_BYTES);
  const words = viewOf(target);
  let from = 0;
  let at = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i]!;
    // By words, see words.ts. What is written too much is overwritten by what follows.
    for (let source = from, to = at; source < end; source += WORD_BYTES, to += WORD_BYTES) {
      words.setInt32(to, fixed.getInt32(source, true), true);
    }
    at += end - from;
    from = end;
    const value = values[i];
    if (value !== undefined) {
      for (let character = 0; character < value.length; character++) {
        target[at++] = value.charCodeAt(character);
      }
    }
  }
  return target.subarray(0, length);
}
