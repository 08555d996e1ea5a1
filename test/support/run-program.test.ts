/**
 * That no line of a program is missed: not by one of several that wait, and not when the program has ended.
 */
import { describe, expect, it } from 'vitest';
import { runCommand } from './run-program.ts';

const pick = (word: string) => (line: string) => (line === word ? line : undefined);

describe('waitForLine', () => {
  it('serves several that wait at the same time', async () => {
    const program = runCommand(['sh', '-c', 'sleep 0.1; echo one >&2; sleep 0.1; echo two >&2']);
    const lines = await Promise.all(['one', 'two', 'one'].map((word) => program.waitForLine(pick(word))));
    expect(lines).toEqual(['one', 'two', 'one']);
    await program.ended;
  });

  it('finds the last of many lines of a program that has ended', async () => {
    const program = runCommand(['sh', '-c', 'seq 200000 >&2; echo last >&2']);
    expect(await program.waitForLine(pick('last'))).toBe('last');
  });

  it('rejects with what the program wrote when the line has not come', async () => {
    const program = runCommand(['sh', '-c', 'echo other >&2']);
    await expect(program.waitForLine(pick('none'))).rejects.toThrow(/ended before the line came: other/);
  });
});
