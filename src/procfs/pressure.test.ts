import { describe, expect, it } from 'vitest';
import { parseRecorded } from '../../test/support/skipped-lines.ts';
import { parsePressure } from './pressure.ts';

const some = 'some avg10=1.53 avg60=0.87 avg300=0.20 total=1234567';
const full = 'full avg10=0.00 avg60=0.00 avg300=0.00 total=89';

describe('parsePressure', () => {
  it.each([
    ['both lines', `${some}\n${full}\n`, '1234567', '89', 0],
    ['the CPU before Linux 5.13', `${some}\n`, '1234567', undefined, 0],
    ['no line feed', `${some}\n${full}`, '1234567', '89', 0],
    ['the other order', `${full}\n${some}\n`, '1234567', '89', 0],
    ['nothing', '', undefined, undefined, 0],
    ['a further column', 'some avg10=0.00 avg3600=0.00 total=5\n', '5', undefined, 0],
    ['63 bits', 'some total=9223372036854775807\n', '9223372036854775807', undefined, 0],
    ['a total that has wrapped below zero', 'some total=18446744073709551615\n', undefined, undefined, 1],
    ['a negative total', 'some total=-1\n', undefined, undefined, 1],
    ['no total', 'some avg10=0.00\n', undefined, undefined, 1],
    ['a fraction', 'some total=1.5\n', undefined, undefined, 1],
    ['a line that is there twice', `${some}\nsome total=1\n`, '1234567', undefined, 1],
    ['a kind that is new', `${some}\nmost total=1\n`, '1234567', undefined, 1],
    ['words after the total', 'some total=1 x\n', undefined, undefined, 1],
  ])('%s', (_, text, waitingUs, stalledUs, skipped) => {
    const parsed = parseRecorded(parsePressure, text);
    expect(parsed.value).toEqual({ waitingUs, stalledUs });
    expect(parsed.skipped).toHaveLength(skipped);
  });
});
