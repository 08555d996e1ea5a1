/**
 * The labels of the sources of a response, and where they were written last.
 */
import { crcOfBytes, type ZeroBytes, zeroBytes } from '../deflate/crc32.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';

/** Labels with the brace and the blank after them, without the comma or the brace before them. Kept as long as the labels. */
interface Piece {
  readonly bytes: Buffer;
  /** The piece that is mostly written before this one, and how this one differs: see differences.ts. */
  previous: Piece | undefined;
  differences: Int32Array;
}

/** The piece after a series: with the comma or the brace that comes before it. */
interface Ending {
  readonly lead: Buffer;
  readonly piece: Piece;
  readonly crc: number;
  readonly zeros: ZeroBytes;
}

/** Where a piece is in one response, and what stands before it; not near to anything before it is written. */
export interface Place {
  readonly piece: Piece;
  at: number;
  lead: Buffer | undefined;
}

export interface PlacedEnding extends Ending {
  readonly place: Place;
}

export interface SourceLabels {
  readonly labels: ExtraLabels;
  readonly index: number;
  /** The endings of a series with labels and of one without. If there is any label, both have the same place. */
  readonly afterLabels: PlacedEnding;
  readonly inBraces: PlacedEnding;
}

const NEVER = -(2 ** 20);
const NO_DIFFERENCES = new Int32Array(0);

export class LabelPlaces {
  readonly #known = new Map<ExtraLabels, SourceLabels>();
  /** Labels of the sources in the order of these, which is the same in each family. */
  readonly #order: SourceLabels[] = [];
  #next = 0;

  find(labels: ExtraLabels): SourceLabels {
    const next = this.#order[this.#next];
    if (next?.labels === labels) {
      this.#next++;
      return next;
    }
    const found = this.#known.get(labels) ?? this.#add(labels);
    this.#next = found.index + 1;
    return found;
  }

  #add(labels: ExtraLabels): SourceLabels {
    const { afterLabels, inBraces } = findEndings(labels);
    const place: Place = { piece: afterLabels.piece, at: NEVER, lead: undefined };
    const other: Place = inBraces.piece === place.piece ? place : { ...place, piece: inBraces.piece };
    const added: SourceLabels = {
      labels,
      index: this.#order.length,
      afterLabels: { ...afterLabels, place },
      inBraces: { ...inBraces, place: other },
    };
    this.#order.push(added);
    this.#known.set(labels, added);
    return added;
  }
}

const leads = new Map<number, Buffer>();

/** Returns the same object for the same byte. */
function findLead(byte: number): Buffer {
  const known = leads.get(byte);
  const lead = known ?? Buffer.from([byte]);
  leads.set(byte, lead);
  return lead;
}

interface Endings {
  readonly afterLabels: Ending;
  readonly inBraces: Ending;
}

const kept = new WeakMap<ExtraLabels, Endings>();

function findEndings(labels: ExtraLabels): Endings {
  let endings = kept.get(labels);
  if (endings === undefined) {
    const afterLabels = toEnding(labels.afterLabels);
    const inBraces = toEnding(labels.inBraces);
    const isSame = afterLabels.piece.bytes.equals(inBraces.piece.bytes);
    endings = { afterLabels, inBraces: isSame ? { ...inBraces, piece: afterLabels.piece } : inBraces };
    kept.set(labels, endings);
  }
  return endings;
}

function toEnding(bytes: Buffer): Ending {
  return {
    lead: findLead(bytes[0]!),
    piece: { bytes: bytes.subarray(1), previous: undefined, differences: NO_DIFFERENCES },
    crc: crcOfBytes(0, bytes, 0, bytes.length),
    zeros: zeroBytes(bytes.length),
  };
}
