/**
 * Converts Firecracker's metrics lines to families. The shim reads the FIFO or the file and pushes the bytes; this class
 * opens nothing, and no input makes it throw.
 */
import { type CatalogFamily, family, singleFamily } from '../../../../collectors/index.ts';
import { LineSplitter } from './line-splitter.ts';
import { parseLine } from './parse-line.ts';
import { FirecrackerTotals, type ValueRefusal } from './totals.ts';

type Refusal = ValueRefusal | 'line_malformed' | 'line_too_long';

export interface FirecrackerCollectorOptions {
  /** Milliseconds that only go up. */
  readonly now: () => number;
  /** Milliseconds of Unix time. */
  readonly wallClock: () => number;
}

/** Lines have about 10 KB, and 1 KB more for each device. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MS_PER_SECOND = 1000;

/** Collects the families of one Firecracker. Values of its lines are added up. */
export class FirecrackerCollector {
  readonly #options: FirecrackerCollectorOptions;
  readonly #refused = new Map<Refusal, number>();
  readonly #totals = new FirecrackerTotals((reason) => this.#refuse(reason));
  readonly #splitter = new LineSplitter({
    maxLineBytes: MAX_LINE_BYTES,
    onLine: (line) => this.#addLine(line.toString('utf8')),
    onTooLong: () => this.#refuse('line_too_long'),
  });
  #lineCount = 0;
  /** When the last line was written, by `now`; undefined when it did not say so. */
  #writtenAtMs: number | undefined;
  #next = Promise.withResolvers<void>();

  constructor(options: FirecrackerCollectorOptions) {
    this.#options = options;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  push(bytes: Buffer): void {
    this.#splitter.push(bytes);
  }

  /** The next bytes do not continue the last ones: another file, or the same after truncation. Sums continue. */
  breakLine(): void {
    this.#splitter.breakLine();
  }

  /** Resolves when the next line has been read; wait for it with a deadline. */
  nextLine(): Promise<void> {
    return this.#next.promise;
  }

  /** Families of the groups exist only after the first line. */
  families(): CatalogFamily[] {
    const age = this.#writtenAtMs === undefined ? [] : [this.#options.now() - this.#writtenAtMs];
    return [
      ...this.#totals.families(),
      ...age.map((ms) => singleFamily('kata_firecracker_age_seconds', Math.max(0, ms) / MS_PER_SECOND)),
      singleFamily('kata_firecracker_lines_total', this.#lineCount),
      family(
        'kata_firecracker_refused_total',
        [...this.#refused].map(([reason, value]) => ({ labels: { reason }, value })),
      ),
    ];
  }

  #addLine(text: string): void {
    const line = parseLine(text);
    if (line.isTorn) {
      this.#refuse('line_malformed');
    }
    this.#totals.add(line.values);
    if (!line.isWhole) {
      return;
    }
    const { now, wallClock } = this.#options;
    this.#lineCount += 1;
    // Once, when it is read: the wall clock may be set afterwards, and a line that is from the future was written now.
    this.#writtenAtMs = line.writtenMs === undefined ? undefined : now() - Math.max(0, wallClock() - line.writtenMs);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  #refuse(reason: Refusal): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}
