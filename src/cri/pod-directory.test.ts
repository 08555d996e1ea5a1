import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { CriPod } from './cri-types.ts';
import { MAX_TRIES, PodDirectory } from './pod-directory.ts';

let clock: ManualClock;
let pods: CriPod[];
let isDown: boolean;
let calls: (string | undefined)[];
let directory: PodDirectory;

function pod(id: string): CriPod {
  return { id, uid: `uid-${id}`, name: `name-${id}`, namespace: 'default', createdNs: 1n, labels: {} };
}

/** Lets what is under way come to its end: nothing here waits for more than promises. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  clock = new ManualClock();
  pods = [];
  isDown = false;
  calls = [];
  directory = new PodDirectory({
    clock,
    listPods: async (id) => {
      calls.push(id);
      if (isDown) {
        throw new Error('It is down');
      }
      return pods.filter((each) => id === undefined || each.id.startsWith(id));
    },
  });
});

describe('a new sandbox', () => {
  it('is looked up at once', async () => {
    pods = [pod('a')];
    directory.setSandboxes(['a']);
    await settle();
    expect(directory.find('a')).toEqual(pod('a'));
    expect(calls).toEqual(['a']);
    expect(clock.delaysMs).toEqual([]);
  });

  it('is looked up again with growing pauses when it is not known yet', async () => {
    directory.setSandboxes(['a']);
    await settle();
    expect(directory.find('a')).toBeUndefined();
    expect(clock.delaysMs).toEqual([250]);
    clock.advance(250);
    await settle();
    expect(clock.delaysMs).toEqual([1000]);
    pods = [pod('a')];
    clock.advance(1000);
    await settle();
    expect(directory.find('a')).toEqual(pod('a'));
    expect(calls).toEqual(['a', 'a', 'a']);
  });

  it('is not requested again after five tries', async () => {
    directory.setSandboxes(['a']);
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(60_000);
    }
    expect(MAX_TRIES).toBe(5);
    expect(calls).toHaveLength(5);
    expect(clock.delaysMs).toEqual([]);
    directory.setSandboxes(['a']);
    directory.retry();
    await settle();
    expect(calls).toHaveLength(5);
    expect(directory.find('a')).toBeUndefined();
  });

  it('does not hold up another one', async () => {
    directory.setSandboxes(['a']);
    await settle();
    pods = [pod('b')];
    directory.setSandboxes(['a', 'b']);
    await settle();
    expect(directory.find('b')).toEqual(pod('b'));
    expect(calls).toEqual(['a', 'b']);
  });

  it('is not taken for one whose id it begins', async () => {
    pods = [pod('ab')];
    directory.setSandboxes(['a']);
    await settle();
    expect(directory.find('a')).toBeUndefined();
    expect(directory.find('ab')).toBeUndefined();
  });
});

describe('many new sandboxes', () => {
  it('are looked up by one list', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => `s${i}`);
    pods = [...ids, 'of-another-runtime'].map(pod);
    directory.setSandboxes(ids);
    await settle();
    expect(calls).toEqual([undefined]);
    expect(ids.every((id) => directory.find(id)?.id === id)).toBe(true);
    expect(directory.find('of-another-runtime')).toBeUndefined();
  });
});

describe('an outage', () => {
  it('leaves what is known, and is no try for what is not', async () => {
    pods = [pod('a')];
    directory.setSandboxes(['a']);
    await settle();
    isDown = true;
    directory.setSandboxes(['a', 'b']);
    await settle();
    clock.advance(3_600_000);
    await settle();
    expect(calls).toEqual(['a', 'b']);
    expect(directory.find('a')).toEqual(pod('a'));
    isDown = false;
    directory.retry();
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(60_000);
    }
    expect(calls).toHaveLength(2 + MAX_TRIES);
  });

  it('is over for a sandbox that came in it', async () => {
    isDown = true;
    directory.setSandboxes(['a']);
    await settle();
    isDown = false;
    pods = [pod('a')];
    directory.retry();
    await settle();
    expect(directory.find('a')).toEqual(pod('a'));
  });

  it('in which a known sandbox goes, and its manager knows it still', async () => {
    pods = [pod('a')];
    directory.setSandboxes(['a']);
    await settle();
    directory.setSandboxes([]);
    await settle();
    expect(directory.find('a')).toBeUndefined();
  });
});

describe('close', () => {
  it('ends the waiting', async () => {
    directory.setSandboxes(['a']);
    await settle();
    directory.close();
    expect(clock.delaysMs).toEqual([]);
    directory.setSandboxes(['a', 'b']);
    await settle();
    expect(calls).toEqual(['a']);
  });
});
