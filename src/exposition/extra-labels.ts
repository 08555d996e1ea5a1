/**
 * The labels that a source's samples get, in each form in which a writer puts them in.
 */
import { formatLabels } from './encode-text.ts';

export class ExtraLabels {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** `,a="1",b="2"`: behind a sample's own labels. */
  readonly afterLabels: Buffer;
  /** `{a="1",b="2"}`: behind the name of a sample without labels. */
  readonly inBraces: Buffer;
  /**
   * What takes the place of `} ` in a line with labels, and of the blank in one without: patterns of String.replace.
   * One character for each UTF-8 byte, as the writers' strings hold bodies.
   */
  readonly bracePattern: string;
  readonly blankPattern: string;

  /** Label values by name, in their order of output. */
  constructor(labels: Readonly<Record<string, string>>) {
    this.pairs = Object.entries(labels);
    const text = formatLabels(labels);
    this.afterLabels = Buffer.from(text === '' ? '' : `,${text}`);
    this.inBraces = Buffer.from(text === '' ? '' : `{${text}}`);
    this.bracePattern = `${toPattern(this.afterLabels)}} `;
    this.blankPattern = `${toPattern(this.inBraces)} `;
  }
}

function toPattern(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll('$', '$$$$');
}

/** For a source that gets no labels. */
export const noLabels = new ExtraLabels({});
