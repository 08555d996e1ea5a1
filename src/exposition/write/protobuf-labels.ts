/**
 * The labels of one series as `LabelPair` messages: found in the bytes of the series, written without a string between.
 */

import { BACKSLASH, EQUALS, isSameBytes, QUOTE } from '../format/characters.ts';
import type { ExtraLabels } from '../format/extra-labels.ts';
import { delimitedBytes, type ProtobufWriter } from './protobuf-writer.ts';

/** Field of `Metric`. */
const LABEL_FIELD = 1;
/** Fields of `LabelPair`. */
const NAME_FIELD = 1;
const VALUE_FIELD = 2;

/** Name start, name end, value start, value end, bytes of the value without escapes. */
const INTS_PER_LABEL = 5;
const INITIAL_LABELS = 32;

export class ProtobufLabels {
  #offsets = new Int32Array(INITIAL_LABELS * INTS_PER_LABEL);
  #count = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  /** Bytes that `write` writes. */
  byteLength = 0;

  /**
   * Finds the labels of a series as the scanner leaves it, from the byte after its opening brace up to its closing one. The
   * label with the name `omitted` does not count.
   */
  load(bytes: Uint8Array, from: number, to: number, omitted?: Uint8Array): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.byteLength = 0;
    for (let at = from; at < to; ) {
      const nameStart = at;
      while (bytes[at] !== EQUALS) {
        at++;
      }
      const nameEnd = at;
      const valueStart = at + 2;
      let escapes = 0;
      for (at = valueStart; bytes[at] !== QUOTE; at++) {
        if (bytes[at] === BACKSLASH) {
          escapes++;
          at++;
        }
      }
      const isOmitted = omitted?.length === nameEnd - nameStart && isSameBytes(bytes, nameStart, nameEnd, omitted, 0);
      if (!isOmitted) {
        this.#add(nameStart, nameEnd, valueStart, at, at - valueStart - escapes);
      }
      at += 2; // the quote, and the comma or the brace
    }
  }

  /** Needs space for `byteLength`. */
  write(writer: ProtobufWriter): void {
    const offsets = this.#offsets;
    const bytes = this.#bytes;
    for (let i = 0; i < this.#count * INTS_PER_LABEL; i += INTS_PER_LABEL) {
      const nameStart = offsets[i]!;
      const nameEnd = offsets[i + 1]!;
      const valueBytes = offsets[i + 4]!;
      writer.beginDelimited(LABEL_FIELD, delimitedBytes(nameEnd - nameStart) + delimitedBytes(valueBytes));
      writer.beginDelimited(NAME_FIELD, nameEnd - nameStart);
      writer.raw(bytes, nameStart, nameEnd);
      writer.beginDelimited(VALUE_FIELD, valueBytes);
      writer.rawUnescaped(bytes, offsets[i + 2]!, offsets[i + 3]!);
    }
  }

  #add(nameStart: number, nameEnd: number, valueStart: number, valueEnd: number, valueBytes: number): void {
    const at = this.#count++ * INTS_PER_LABEL;
    if (at === this.#offsets.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    this.#offsets[at] = nameStart;
    this.#offsets[at + 1] = nameEnd;
    this.#offsets[at + 2] = valueStart;
    this.#offsets[at + 3] = valueEnd;
    this.#offsets[at + 4] = valueBytes;
    this.byteLength += delimitedBytes(delimitedBytes(nameEnd - nameStart) + delimitedBytes(valueBytes));
  }
}

/** The labels that a source's samples get, as they are written. */
export function encodeExtraLabels({ pairs }: ExtraLabels): Buffer {
  const parts = pairs.flatMap(([name, value]) => {
    const pair = [...delimited(NAME_FIELD, Buffer.from(name)), ...delimited(VALUE_FIELD, Buffer.from(value))];
    return delimited(LABEL_FIELD, Buffer.concat(pair));
  });
  return Buffer.concat(parts);
}

function delimited(field: number, bytes: Buffer): Buffer[] {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>= 7) {
    length.push((rest & 0x7f) | 0x80);
  }
  return [Buffer.from([(field << 3) | 2, ...length, rest]), bytes];
}
