/**
 * The labels of the sources of a response, and where they were written last.
 */
import { crcOfBytes, type ZeroBytes, zeroBytes } from '../deflate/crc32.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';

/** Labels as they are put into a line. */
export interface Piece {
  readonly bytes: Buffer;
  readonly crc: number;
  readonly zeros: ZeroBytes;
  /** Where they are; not near to anything before they are written. */
  at: number;
  /** The piece that is mostly written before this one, and how this one differs: see differences.ts. */
  previous: Piece | undefined;
  differences: Int32Array;
}

export interface LabelPieces {
  readonly labels: ExtraLabels;
  readonly index: number;
  readonly afterLabels: Piece;
  readonly inBraces: Piece;
}

const NEVER = -(2 ** 20);
const NO_DIFFERENCES = new Int32Array(0);

export class LabelPlaces {
  readonly #known = new Map<ExtraLabels, LabelPieces>();
  /** In the order in which sources come, which is the same in each family. */
  readonly #order: LabelPieces[] = [];
  #next = 0;

  find(labels: ExtraLabels): LabelPieces {
    const next = this.#order[this.#next];
    if (next?.labels === labels) {
      this.#next++;
      return next;
    }
    const pieces = this.#known.get(labels) ?? this.#add(labels);
    this.#next = pieces.index + 1;
    return pieces;
  }

  #add(labels: ExtraLabels): LabelPieces {
    const { afterLabels, inBraces } = labels;
    const index = this.#order.length;
    const pieces = { labels, index, afterLabels: toPiece(afterLabels), inBraces: toPiece(inBraces) };
    this.#order.push(pieces);
    this.#known.set(labels, pieces);
    return pieces;
  }
}

function toPiece(bytes: Buffer): Piece {
  const crc = crcOfBytes(0, bytes, 0, bytes.length);
  return { bytes, crc, zeros: zeroBytes(bytes.length), at: NEVER, previous: undefined, differences: NO_DIFFERENCES };
}
