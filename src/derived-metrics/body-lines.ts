/**
 * The lines of a body by family and labels. Looked up once for all bodies that are alike.
 */
import { readSampleLine, type Scan, type ScannedFamily } from '../exposition/index.ts';

export interface LabelledLine {
  readonly labels: ReadonlyMap<string, string>;
  /** Its number in the scan's lines. */
  readonly line: number;
}

export class BodyLines {
  readonly #scan: Scan;
  readonly #families: ReadonlyMap<string, ScannedFamily>;
  readonly #lines = new Map<string, readonly LabelledLine[]>();

  constructor(scan: Scan) {
    this.#scan = scan;
    this.#families = new Map(scan.families.map((family) => [family.name, family]));
  }

  get families(): readonly ScannedFamily[] {
    return this.#scan.families;
  }

  has(family: string): boolean {
    return this.#families.has(family);
  }

  /** All lines of a family; none when the body does not have it. */
  of(family: string): readonly LabelledLine[] {
    let lines = this.#lines.get(family);
    if (lines === undefined) {
      lines = this.#read(family);
      this.#lines.set(family, lines);
    }
    return lines;
  }

  /** The number of the line with these labels, whatever others it has. */
  find(family: string, labels: Readonly<Record<string, string>>): number | undefined {
    const pairs = Object.entries(labels);
    return this.of(family).find((line) => pairs.every(([name, value]) => line.labels.get(name) === value))?.line;
  }

  #read(name: string): LabelledLine[] {
    const segments = this.#families.get(name)?.segments ?? [];
    return segments.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => {
        const line = from + i;
        return { line, labels: new Map(readSampleLine(this.#scan.lines, line).labels) };
      }),
    );
  }
}
