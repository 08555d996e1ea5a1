/**
 * A set of short byte strings in which a part of a body can be looked up without creating a string.
 */
import { isSameBytes } from './characters.ts';

export class ByteSet {
  /** Members by their length, first and last byte: rarely more than one under a key. */
  readonly #members = new Map<number, Buffer[]>();

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      const member = Buffer.from(text);
      const key = keyOf(member, 0, member.length);
      const alike = this.#members.get(key);
      if (alike === undefined) {
        this.#members.set(key, [member]);
      } else {
        alike.push(member);
      }
    }
  }

  /** Whether the bytes from `start` to `end` are a member. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    const alike = this.#members.get(keyOf(bytes, start, end));
    if (alike === undefined) {
      return false;
    }
    for (const member of alike) {
      if (isSameBytes(bytes, start, end, member, 0)) {
        return true;
      }
    }
    return false;
  }
}

function keyOf(bytes: Uint8Array, start: number, end: number): number {
  return end === start ? 0 : (end - start) * 65_536 + bytes[start]! * 256 + bytes[end - 1]!;
}
