import { describe, expect, it } from 'vitest';
import {
  encodeLastWords,
  type LastWords,
  LastWordsError,
  lastWordsFileName,
  MAX_LAST_WORDS_BYTES,
  parseLastWords,
  parseLastWordsFileName,
} from './record.ts';

const NOW_MS = 1_800_000_000_000;

const words: LastWords = {
  sandboxId: 'one',
  epoch: 'abc1',
  reason: 'finished',
  message: 'Workload "x" ended with code 0',
  startedMs: NOW_MS - 10_000,
  endedMs: NOW_MS,
  pod: { uid: '0d2c', name: 'web', namespace: 'team-a' },
  values: { cpuSeconds: 1.5, hostCpuSeconds: 2, memoryPeakBytes: 0, networkReceiveBytes: 7 },
};

const fields = JSON.parse(encodeLastWords(words)) as Record<string, unknown>;
const encode = (changes: Record<string, unknown>): string => JSON.stringify({ ...fields, ...changes });

describe('last words', () => {
  it('are read as they were written', () => {
    expect(parseLastWords(encodeLastWords(words), NOW_MS)).toEqual({ words, faults: [] });
    expect(parseLastWords(encodeLastWords({ ...words, pod: undefined }), NOW_MS).words.pod).toBeUndefined();
  });

  it('fit into a file with the longest of everything', () => {
    const name = 'x'.repeat(253);
    const longest = {
      ...words,
      sandboxId: 'x'.repeat(128),
      epoch: 'x'.repeat(32),
      message: '"'.repeat(10_000),
      pod: { uid: name, name, namespace: name },
    };
    const text = encodeLastWords(longest);
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_LAST_WORDS_BYTES);
    expect(parseLastWords(text, NOW_MS).words.message).toMatch(/^"{253}\.\.\.$/);
  });

  it('say in one printable line how a sandbox ended', () => {
    const text = encodeLastWords({ ...words, message: 'a\n\u001b[31mb\u202ec' });
    expect(parseLastWords(text, NOW_MS).words.message).toBe('a  [31mb c');
  });

  it.each([
    ['', 'The content must be JSON, got ""'],
    ['{', 'The content must be JSON'],
    ['[]', 'The content must be an object, got []'],
    ['null', 'The content must be an object, got null'],
    [encode({ version: 2 }), 'Version must be 1, got 2'],
    [encode({ version: undefined }), 'Version must be 1, got undefined'],
    [encode({ sandboxId: '../x' }), '"sandboxId" must match'],
    [encode({ sandboxId: 'x'.repeat(129) }), '"sandboxId" must match'],
    [encode({ sandboxId: 7 }), '"sandboxId" must match'],
    [encode({ epoch: 'A' }), '"epoch" must match'],
    [
      encode({ reason: 'bored' }),
      '"reason" must be one of finished, failed, panicked, stopped, shim_killed, unknown, got "bored"',
    ],
    [encode({ message: 'x'.repeat(257) }), '"message" must be a text of at most 256 characters'],
    [encode({ startedMs: 0 }), '"startedMs" must be milliseconds since 1970'],
    [encode({ startedMs: null }), '"startedMs" must be milliseconds since 1970'],
    [encode({ endedMs: 1e16 }), '"endedMs" must be milliseconds since 1970'],
    [encode({ endedMs: '7' }), '"endedMs" must be milliseconds since 1970'],
    [encode({ pod: null }), '"pod" must be an object, got null'],
    [encode({ pod: { uid: '', name: 'a\n', namespace: '' } }), '"name" of the pod must be a name'],
    [encode({ pod: { uid: '', name: '', namespace: 'x'.repeat(254) } }), '"namespace" of the pod must be a name'],
    [encode({ values: [] }), '"values" must be an object, got []'],
    [encode({ values: undefined }), '"values" must be an object, got undefined'],
  ])('are refused: %s', (text, message) => {
    expect(() => parseLastWords(text, NOW_MS)).toThrow(LastWordsError);
    expect(() => parseLastWords(text, NOW_MS)).toThrow(message);
  });

  it.each([
    ['cpuSeconds', '7'],
    ['cpuSeconds', -1],
    ['cpuSeconds', null],
    // 10 s of more CPUs than any machine has.
    ['cpuSeconds', 10_241],
    ['hostCpuSeconds', 1e300],
    ['memoryPeakBytes', 2 ** 51],
    ['networkReceiveBytes', 1.1e12],
  ])('leave out a value that cannot be, and say so: %s %j', (name, value) => {
    const { words: parsed, faults } = parseLastWords(encode({ values: { diskReadBytes: 3, [name]: value } }), NOW_MS);
    expect(parsed.values).toEqual({ diskReadBytes: 3 });
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^"${name}" must be a number from 0 to `))]);
  });

  it.each([
    ['has ended in the future', { endedMs: NOW_MS + 3_600_000 }, [NOW_MS - 10_000, NOW_MS], 1],
    ['lives in the future', { startedMs: NOW_MS + 3_600_000, endedMs: NOW_MS + 3_700_000 }, [NOW_MS, NOW_MS], 2],
    ['has started after its end', { startedMs: NOW_MS + 3_600_000 }, [NOW_MS, NOW_MS], 1],
    ['has ended in this second', { endedMs: NOW_MS + 999 }, [NOW_MS - 10_000, NOW_MS], 0],
  ])('survive a clock that was set back: one that %s', (_what, changes, [startedMs, endedMs], count) => {
    const values = { cpuSeconds: 5_000 };
    const parsed = parseLastWords(encode({ ...changes, values }), NOW_MS, 86_400);
    expect(parsed.words).toMatchObject({ startedMs, endedMs, values });
    expect(parsed.faults.length).toBe(count);
  });

  it('cannot have used more than since the boot of the machine', () => {
    const values = { cpuSeconds: 5_000 };
    expect(parseLastWords(encode({ startedMs: 1, values }), NOW_MS).words.values).toEqual(values);
    const { words: parsed, faults } = parseLastWords(encode({ startedMs: 1, values }), NOW_MS, 4);
    expect([parsed.values, faults]).toEqual([{}, [expect.stringContaining('from 0 to 4096, got 5000')]]);
  });

  it('keep a message about hostile content short', () => {
    const fault = (() => {
      try {
        return parseLastWords(`"${'x'.repeat(1_000_000)}\n"`, NOW_MS);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect((fault as string).length).toBeLessThan(120);
  });
});

describe('the name of a file', () => {
  it.each([
    [{ sandboxId: 'one', epoch: 'a1' }, 'one.a1.json'],
    [{ sandboxId: 'a.b.json', epoch: 'a1' }, 'a.b.json.a1.json'],
  ])('of %j is %s', (ids, name) => {
    expect(lastWordsFileName(ids)).toBe(name);
    expect(parseLastWordsFileName(name)).toEqual(ids);
  });

  it.each(['', 'state.json', '.a.json', 'one.a1.json.new', 'one.a1', 'one..json', 'one.A.json', '../one.a1.json'])(
    '%j is of no last words',
    (name) => {
      expect(parseLastWordsFileName(name)).toBeUndefined();
    },
  );
});

describe('random bytes', () => {
  it('are refused, or are what they say', () => {
    const good = Buffer.from(encodeLastWords(words));
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let accepted = 0;
    for (let i = 0; i < 5000; i++) {
      const bytes = Buffer.from(good);
      for (let changes = random(3); changes >= 0; changes--) {
        bytes[random(bytes.length)] = random(256);
      }
      const text = bytes.toString('utf8', 0, random(10) === 0 ? random(bytes.length) : bytes.length);
      try {
        const { words: parsed } = parseLastWords(text, NOW_MS);
        accepted++;
        expect(parsed.sandboxId).toMatch(/^[\w.-]+$/);
        expect(parsed.endedMs).toBeGreaterThanOrEqual(parsed.startedMs);
        expect(parsed.message).not.toMatch(/\p{Cc}/u);
        expect(Object.values(parsed.values).every((value) => value! >= 0 && value! < 2 ** 51)).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(LastWordsError);
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });
});
