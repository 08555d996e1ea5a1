import { describe, expect, it } from 'vitest';
import { describeSkipped, SkippedLines } from './skipped.ts';

describe('describeSkipped', () => {
  it.each([
    ['a short text', 'a "b"\n', '"a \\"b\\"\\n"'],
    ['nothing', '', '""'],
    ['80 characters', 'x'.repeat(80), `"${'x'.repeat(80)}"`],
    ['more', 'x'.repeat(1080), `"${'x'.repeat(80)}" and 1000 more characters`],
  ])('quotes %s', (_, line, quoted) => {
    expect(describeSkipped('stat', line, 'seconds')).toBe(`Skipped a line of "stat": expected seconds, got ${quoted}`);
  });
});

describe('SkippedLines', () => {
  it('counts by file, and reports each file once', () => {
    const messages: string[] = [];
    const skipped = new SkippedLines((message) => messages.push(message));
    for (const file of ['meminfo', 'meminfo', 'io.stat']) {
      skipped.skippedLine(file, 'odd', 'a number');
    }
    skipped.unreadable('pid/io', 'Cannot read "/proc/1/io": EACCES');
    skipped.unreadable('pid/io', 'Cannot read "/proc/2/io": EACCES');
    expect([...skipped.counts()]).toEqual([
      ['meminfo', 2],
      ['io.stat', 1],
    ]);
    expect(messages).toEqual([
      'Skipped a line of "meminfo": expected a number, got "odd"; further lines of this file are only counted',
      'Skipped a line of "io.stat": expected a number, got "odd"; further lines of this file are only counted',
      'Cannot read "/proc/1/io": EACCES',
    ]);
  });

  it('has a limit of files, beyond which they are counted together', () => {
    const messages: string[] = [];
    const skipped = new SkippedLines((message) => messages.push(message));
    for (let i = 0; i < 1000; i++) {
      skipped.skippedLine(`hugetlb.${i}MB.current`, 'odd', 'a number');
      skipped.unreadable(`hugetlb.${i}MB.max`, 'Cannot read it');
    }
    expect(skipped.counts().size).toBe(201);
    expect(skipped.counts().get('other')).toBe(800);
    expect(messages).toHaveLength(401);
  });
});
