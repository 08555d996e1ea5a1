import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockWriter } from './block-writer.ts';
import { MAX_DISTANCE, MAX_MATCH_BYTES, MIN_MATCH_BYTES } from './symbols.ts';

/** Writes literals and matches, and says what they stand for. */
class Recorder {
  readonly writer = new BlockWriter();
  readonly expected: number[] = [];

  literals(bytes: Uint8Array): void {
    this.writer.literals(bytes, 0, bytes.length);
    this.expected.push(...bytes);
  }

  match(length: number, distance: number): void {
    this.writer.match(length, distance);
    const { expected } = this;
    for (let i = 0; i < length; i++) {
      expected.push(expected[expected.length - distance]!);
    }
  }

  check(): void {
    this.writer.end();
    const output = Buffer.concat(this.writer.output.takeAll());
    expect(inflateRawSync(output).equals(Uint8Array.from(this.expected))).toBe(true);
  }
}

/** Bytes without repetitions for a decoder to be confused by. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

describe('BlockWriter', () => {
  it.each([0, 1, 2, 300])('writes %d literals', (length) => {
    const recorder = new Recorder();
    recorder.literals(noise(length));
    recorder.check();
  });

  it('writes matches of every length', () => {
    const recorder = new Recorder();
    recorder.literals(noise(600));
    for (let length = MIN_MATCH_BYTES; length <= 3 * MAX_MATCH_BYTES; length++) {
      recorder.match(length, 599);
    }
    recorder.check();
  });

  it('writes matches of every distance', () => {
    const recorder = new Recorder();
    recorder.literals(noise(MAX_DISTANCE));
    for (let distance = 1; distance <= MAX_DISTANCE; distance++) {
      recorder.match(MIN_MATCH_BYTES, distance);
    }
    recorder.check();
  });

  it('writes symbols that were not among those from which the codes were made', () => {
    const recorder = new Recorder();
    recorder.literals(new Uint8Array(40_000).fill(1));
    recorder.literals(noise(40_000));
    for (let length = MIN_MATCH_BYTES; length <= MAX_MATCH_BYTES; length++) {
      recorder.match(length, MAX_DISTANCE - length);
    }
    recorder.check();
  });

  it('writes symbols whose numbers are so different that codes have to be cut', () => {
    const recorder = new Recorder();
    let count = 1;
    let last = 1;
    for (let byte = 0; byte < 19; byte++) {
      recorder.literals(new Uint8Array(count).fill(byte));
      [count, last] = [count + last, count];
    }
    recorder.check();
  });

  it('writes any symbols in any parts', () => {
    const literals = fc.record({
      length: fc.integer({ min: 0, max: 20_000 }),
      seed: fc.nat(),
      mask: fc.constantFrom(1, 15, 255),
    });
    const match = fc.record({
      size: fc.integer({ min: 3, max: 1000 }),
      back: fc.integer({ min: 1, max: MAX_DISTANCE }),
    });
    const steps = fc.array(fc.oneof(literals, match, fc.constant('part' as const)), { maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3000 }), (drawn, times) => {
        const recorder = new Recorder();
        recorder.literals(noise(10));
        for (const step of drawn) {
          if (step === 'part') {
            recorder.writer.beginPart();
          } else if ('mask' in step) {
            recorder.literals(noise(step.length, step.seed).map((byte) => byte & step.mask));
          } else {
            for (let i = 0; i < times; i += 100) {
              recorder.match(step.size, Math.min(step.back, recorder.expected.length));
            }
          }
        }
        recorder.check();
      }),
      { numRuns: 30 },
    );
  });
});
