/**
 * The value of a line as a number, read from its bytes. For figures that are worked with, at each scrape.
 */
import { byteClass, DIGIT } from '../format/characters.ts';
import { parseValue } from '../format/number.ts';
import type { LineTable } from './line-table.ts';

/** Every whole number of so many digits is a double. */
const MAX_EXACT_DIGITS = 15;

/** The double that is nearest to the value of line `line`; NaN and infinities too. */
export function readNumber(lines: LineTable, line: number): number {
  const bytes = lines.valueBytesOf(line);
  const start = lines.valueStartOf(line);
  const end = lines.valueEndOf(line);
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byteClass[byte]! & DIGIT) === 0 || at - start === MAX_EXACT_DIGITS) {
      return parseValue(lines.valueTextOf(line).split(' ', 1)[0]!);
    }
    value = value * 10 + byte - 48;
  }
  return value;
}
