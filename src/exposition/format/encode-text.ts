/**
 * Writes families as text 0.0.4, for a program's own metrics. Foreign bodies are merged as bytes instead.
 */
import { formatLabels } from './extra-labels.ts';
import type { MetricFamily, Sample } from './family.ts';

/** HELP text with backslash and line feed escaped, as the text format 0.0.4 wants them. */
export function escapeHelp(help: string): string {
  return /[\\\n]/.test(help) ? help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : help;
}

/** The other way; any other backslash stays as it is. */
export function unescapeHelp(help: string): string {
  return help.replace(/\\([\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : '\\'));
}

/** A value as the text format spells it; a string is printed as it is. */
export function formatValue(value: Sample['value']): string {
  if (typeof value !== 'number' || Number.isFinite(value)) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (Number.isNaN(value)) {
    return 'NaN';
  }
  return value > 0 ? '+Inf' : '-Inf';
}

/** Labels in braces, nothing for none. Families about the same thing share their labels' object: its text is made once. */
export class LabelTexts {
  readonly #known = new Map<Sample['labels'], string>();

  of(labels: Sample['labels']): string {
    let text = this.#known.get(labels);
    if (text === undefined) {
      const pairs = formatLabels(labels);
      text = pairs === '' ? '' : `{${pairs}}`;
      this.#known.set(labels, text);
    }
    return text;
  }
}

/** The HELP and TYPE lines of a family. */
export function formatHead({ name, type, help }: Omit<MetricFamily, 'samples'>): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
}

/** Families in the order given, each with HELP and TYPE; one without samples is printed as those two lines. UTF-8. */
export function encodeText(families: Iterable<MetricFamily>): Buffer {
  let text = '';
  const labels = new LabelTexts();
  for (const family of families) {
    text += formatHead(family);
    for (const sample of family.samples) {
      text += `${family.name}${sample.suffix ?? ''}${labels.of(sample.labels)} ${formatValue(sample.value)}\n`;
    }
  }
  return Buffer.from(text);
}
