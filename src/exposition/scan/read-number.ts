/**
 * The value of a line as a number, read from its bytes. For figures that are worked with, at each scrape.
 */
import { byteClass, DIGIT } from '../format/characters.ts';
import { parseValue } from '../format/number.ts';
import { INTS_PER_LINE, type ValueTable, valueText } from './line-table.ts';

/** Every whole number of so many digits is a double. */
const MAX_EXACT_DIGITS = 15;

/** The double that is nearest to the value of line `line`; NaN and infinities too. */
export function readNumber(values: ValueTable, line: number): number {
  const { bytes, offsets } = values;
  const start = offsets[line * INTS_PER_LINE]!;
  const end = offsets[line * INTS_PER_LINE + 1]!;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byteClass[byte]! & DIGIT) === 0 || at - start === MAX_EXACT_DIGITS) {
      return parseValue(valueText(values, line).split(' ', 1)[0]!);
    }
    value = value * 10 + byte - 48;
  }
  return value;
}
