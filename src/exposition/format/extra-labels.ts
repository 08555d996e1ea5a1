/**
 * The labels that the samples of a source get, in the encoding of each writer.
 */

/** Immutable. Create one for each source and reuse it, because the encodings are computed once. */
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

/** Labels of a source that gets none. */
export const noLabels = new ExtraLabels({});

/** A label value with backslash, quote and line feed escaped, without the quotes around it. */
export function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

/** `a="1",b="2"`: the labels in the order of their keys, without braces. */
export function formatLabels(labels: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in labels) {
    text += `${text === '' ? '' : ','}${name}="${escapeLabelValue(labels[name] ?? '')}"`;
  }
  return text;
}
