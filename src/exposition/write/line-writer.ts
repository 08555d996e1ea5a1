/**
 * What the writers of the text forms write to: the response as it is (`ChunkWriter`), or compressed (`GzipWriter`).
 */
import type { ExtraLabels } from '../format/extra-labels.ts';
import type { Scan } from '../scan/scanned-body.ts';

export interface LineWriter {
  /** Appends whole lines, in a string that holds one byte in each character. */
  latin1(text: string): void;

  /**
   * Appends the lines from `from` up to `to` (not included), `prefix` in front of each and the labels put in. Returns
   * the first line that it cannot copy: one that is too near to the end of its bytes; `to` when there is none.
   */
  lines(scan: Pick<Scan, 'form' | 'values'>, from: number, to: number, prefix: Uint8Array, labels: ExtraLabels): number;

  /** Whether there are chunks to take. */
  readonly hasFinished: boolean;

  /** The chunks that are full, and from now on the caller's. An empty one marks a pause in long work. */
  takeFinished(): Buffer[];

  /** The last chunk too; nothing can be written after it. */
  takeAll(): Buffer[];
}
