/**
 * The labels that a source's samples get, in each form in which a writer puts them in.
 */
import { formatLabels } from './encode-text.ts';

export class ExtraLabels {
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** `,a="1",b="2"} `: between a sample's own labels and its value. */
  readonly afterLabels: Buffer;
  /** `{a="1",b="2"} `: between the name of a sample without labels and its value. */
  readonly inBraces: Buffer;

  /** Label values by name, in their order of output. */
  constructor(labels: Readonly<Record<string, string>>) {
    this.pairs = Object.entries(labels);
    const text = formatLabels(labels);
    this.afterLabels = Buffer.from(text === '' ? '} ' : `,${text}} `);
    this.inBraces = Buffer.from(text === '' ? ' ' : `{${text}} `);
  }
}

/** For a source that gets no labels. */
export const noLabels = new ExtraLabels({});
