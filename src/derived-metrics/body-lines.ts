/**
 * The lines of the families that metrics are derived from, by family and labels. Read once per form.
 */
import { readSampleLine, type Scan, type ScannedFamily } from '../exposition/index.ts';
import { isDerivedMetricInput } from './inputs.ts';

export interface LabelledLine {
  readonly labels: ReadonlyMap<string, string>;
  /** Index of the line in the scan. */
  readonly line: number;
}

/** Lines that are read in one step. */
const STEP_LINES = 256;

export class BodyLines {
  readonly families: readonly ScannedFamily[];
  readonly #names: ReadonlySet<string>;
  readonly #lines: ReadonlyMap<string, readonly LabelledLine[]>;

  private constructor(families: readonly ScannedFamily[], lines: ReadonlyMap<string, readonly LabelledLine[]>) {
    this.families = families;
    this.#names = new Set(families.map(({ name }) => name));
    this.#lines = lines;
  }

  /** Reads the lines in small steps. */
  static *read(scan: Scan): Generator<void, BodyLines> {
    const { families } = scan.form;
    const lines = new Map<string, LabelledLine[]>();
    let read = 0;
    for (const { name, segments } of families) {
      if (!isDerivedMetricInput(name)) {
        continue;
      }
      const ofFamily: LabelledLine[] = [];
      for (const { from, to } of segments) {
        for (let line = from; line < to; line++) {
          ofFamily.push({ line, labels: new Map(readSampleLine(scan, line).labels) });
          if (++read % STEP_LINES === 0) {
            yield;
          }
        }
      }
      lines.set(name, ofFamily);
    }
    return new BodyLines(families, lines);
  }

  has(family: string): boolean {
    return this.#names.has(family);
  }

  /** All lines of a family; empty when the body does not have it. */
  of(family: string): readonly LabelledLine[] {
    return this.#lines.get(family) ?? [];
  }

  /** Index of the first line that has these labels, possibly among others. */
  find(family: string, labels: Readonly<Record<string, string>>): number | undefined {
    const pairs = Object.entries(labels);
    return this.of(family).find((line) => pairs.every(([name, value]) => line.labels.get(name) === value))?.line;
  }
}
