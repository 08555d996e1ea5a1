import { describe, expect, it } from 'vitest';
import { SlowPeers } from './slow-peers.ts';

function noteAll(shims: SlowPeers, waits: readonly number[], id = 'a'): boolean[] {
  return waits.map((waitMs) => shims.note(id, waitMs));
}

describe('SlowPeers', () => {
  it.each([
    ['is fast up to the limit', [500], [false], []],
    ['is late above it', [501], [true], ['a']],
    ['is not late any more when it is fast', [501, 10], [true, false], []],
  ])('%s', (_name, waits, slow, late) => {
    const shims = new SlowPeers({ lanes: 8 });
    expect(noteAll(shims, waits)).toEqual(slow);
    expect(shims.late).toEqual(late);
  });

  it('ends a probation after fast responses, the next one after twice as many', () => {
    const shims = new SlowPeers({ lanes: 8 });
    for (const probation of [8, 16, 32]) {
      shims.noteLate('a', 'timeout');
      shims.note('a', 1);
      for (let left = probation; left > 0; left--) {
        expect(shims.isOnProbation('a')).toBe(true);
        shims.note('a', 1);
      }
      expect(shims.isOnProbation('a')).toBe(false);
    }
  });

  it('does not let many that are nearly slow add up', () => {
    const shims = new SlowPeers({ lanes: 48 });
    const slow = Array.from({ length: 100 }, (_, i) => shims.note(`${i}`, 490));
    // 48 of them take 490 ms together.
    expect(slow.filter((isSlow) => !isSlow)).toHaveLength(48);
  });

  it('never takes moderate ones for slow, as when all of a node take 200 ms', () => {
    const shims = new SlowPeers({ lanes: 8 });
    expect(Array.from({ length: 500 }, (_, i) => shims.note(`${i}`, 200)).some(Boolean)).toBe(false);
  });

  it('gives late ones by turns, and forgets those that are gone', () => {
    const shims = new SlowPeers({ lanes: 8 });
    for (const id of ['a', 'b', 'c']) {
      shims.noteLate(id, 'timeout');
    }
    shims.begin('a');
    expect(shims.late).toEqual(['b', 'c', 'a']);
    shims.keepOnly(new Set(['a', 'c']));
    expect(shims.late).toEqual(['c', 'a']);
    expect(shims.lateReasonOf('a')).toBe('timeout');
  });
});
