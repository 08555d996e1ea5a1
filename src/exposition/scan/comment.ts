/**
 * Parses HELP and TYPE lines. Any other line that begins with `#` is a comment without meaning.
 */
import {
  BACKSLASH,
  byteClass,
  CR,
  isBlank,
  LETTER_N,
  NAME_PART,
  NAME_START,
  NUL,
  QUOTE,
  skipBlanks,
} from '../format/characters.ts';
import type { FamilyType } from '../format/family.ts';
import type { FaultReason } from '../format/fault.ts';

export type Comment =
  | { readonly kind: 'help'; readonly family: string; readonly help: Buffer }
  | { readonly kind: 'type'; readonly family: string; readonly type: FamilyType; readonly at: number }
  | { readonly kind: 'faulty'; readonly family: string | undefined; readonly reason: FaultReason; readonly at: number }
  | { readonly kind: 'other' };

const types: ReadonlyMap<string, FamilyType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
]);

const OTHER: Comment = { kind: 'other' };

/** Reads the line from its `#` at `start` up to its line feed at `end`. */
export function parseComment(bytes: Buffer, start: number, end: number): Comment {
  let at = skipBlanks(bytes, start + 1);
  const wordEnd = at + 4;
  const word = bytes.toString('latin1', at, Math.min(wordEnd, end));
  if ((word !== 'HELP' && word !== 'TYPE') || !isBlank(bytes[wordEnd])) {
    return OTHER;
  }
  at = skipBlanks(bytes, wordEnd);
  const nameStart = at;
  if ((byteClass[bytes[at]!]! & NAME_START) === 0) {
    const reason = bytes[at] === QUOTE ? 'utf8_name' : 'bad_metric_name';
    return { kind: 'faulty', family: undefined, reason, at };
  }
  while ((byteClass[bytes[at]!]! & NAME_PART) !== 0) {
    at++;
  }
  const family = bytes.toString('latin1', nameStart, at);
  const textEnd = bytes[end - 1] === CR ? end - 1 : end;
  if (at < textEnd && !isBlank(bytes[at])) {
    return { kind: 'faulty', family, reason: 'bad_metric_name', at };
  }
  const textStart = Math.min(skipBlanks(bytes, at), textEnd);
  return word === 'HELP' ? parseHelp(bytes, family, textStart, textEnd) : parseType(bytes, family, textStart, textEnd);
}

function parseHelp(bytes: Buffer, family: string, start: number, end: number): Comment {
  const help = bytes.subarray(start, end);
  for (const forbidden of [NUL, CR]) {
    const at = help.indexOf(forbidden);
    if (at >= 0) {
      return { kind: 'faulty', family, reason: 'bad_comment', at: start + at };
    }
  }
  return { kind: 'help', family, help };
}

/**
 * A backslash of a HELP text that escapes nothing, doubled. Prometheus takes it for itself either way; stricter readers
 * refuse the whole response for it.
 */
export function repairEscapes(help: Buffer): Buffer {
  if (!help.includes(BACKSLASH)) {
    return help;
  }
  const repaired: number[] = [];
  for (let at = 0; at < help.length; at++) {
    const byte = help[at]!;
    repaired.push(byte);
    if (byte === BACKSLASH) {
      const next = help[at + 1];
      if (next === BACKSLASH || next === LETTER_N) {
        at++;
        repaired.push(next);
      } else {
        repaired.push(BACKSLASH);
      }
    }
  }
  return Buffer.from(repaired);
}

function parseType(bytes: Buffer, family: string, start: number, end: number): Comment {
  const type = types.get(bytes.toString('latin1', start, end).trimEnd());
  return type === undefined
    ? { kind: 'faulty', family, reason: 'bad_type', at: start }
    : { kind: 'type', family, type, at: start };
}
