import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  announceLastWords,
  closeMailbox,
  isMailboxOpen,
  leaveDetached,
  leaveLastWords,
  listMailbox,
  MAX_MAILBOX_FILES,
  mailboxOf,
  openMailbox,
  readLastWords,
  takeRefusedCount,
} from './mailbox.ts';
import { encodeLastWords, type LastWords, LastWordsError } from './record.ts';

let root: string;
let mailbox: string;
const nowMs = Date.now();

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mailbox-'));
  mailbox = mailboxOf(root);
});

afterEach(() => rmSync(root, { recursive: true }));

function wordsOf(sandboxId: string): LastWords {
  return {
    sandboxId,
    epoch: 'e1',
    reason: 'stopped',
    message: '',
    startedMs: nowMs - 1000,
    endedMs: nowMs,
    pod: undefined,
    values: { cpuSeconds: 0.5 },
  };
}

const makeFifo = (path: string): void => void execFileSync('mkfifo', [path]);

function open(): void {
  mkdirSync(mailbox, { recursive: true });
  openMailbox(mailbox);
}

describe('a mailbox', () => {
  it('gets nothing when no monitor has opened it', () => {
    expect(leaveLastWords(root, wordsOf('one'))).toBe(false);
    expect(readdirSync(root)).toEqual([]);
    open();
    closeMailbox(mailbox);
    expect(isMailboxOpen(root)).toBe(false);
    expect(leaveLastWords(root, wordsOf('one'))).toBe(false);
    expect(readdirSync(mailbox)).toEqual([]);
  });

  it('gives what was left in it', async () => {
    open();
    expect(leaveLastWords(root, wordsOf('one'))).toBe(true);
    const { paths, foreign } = await listMailbox(mailbox, nowMs);
    expect([paths, foreign]).toEqual([[join(mailbox, 'one.e1.json')], []]);
    expect(readLastWords(paths[0]!, nowMs)).toEqual({ words: wordsOf('one'), faults: [] });
  });

  it('is empty where there is none', async () => {
    expect(await listMailbox(mailbox, nowMs)).toEqual({
      paths: [],
      announcedIds: new Set(),
      detached: [],
      foreign: [],
    });
    expect(takeRefusedCount(mailbox)).toBe(0);
  });

  it('names what is not of shims, and ignores what is being written', async () => {
    open();
    for (const name of ['monitor.sock', 'state.json', 'one.e1.json.new', 'passwd', '.hidden', 'one.E.json']) {
      writeFileSync(join(mailbox, name), '');
    }
    const { paths, announcedIds, foreign } = await listMailbox(mailbox, Date.now());
    expect([...announcedIds]).toEqual(['one']);
    expect([paths, foreign.toSorted()]).toEqual([[], ['.hidden', 'one.E.json', 'passwd']]);
  });

  it.each([
    ['long ago', 60_000],
    ['before the clock went back', -60_000],
  ])('gives as they are words that were announced %s', async (_when, ageMs) => {
    open();
    expect(announceLastWords(root, wordsOf('one'))).toBe(true);
    expect(await listMailbox(mailbox, Date.now())).toMatchObject({ paths: [], announcedIds: new Set(['one']) });
    const { paths, announcedIds } = await listMailbox(mailbox, Date.now() + ageMs);
    expect([paths, announcedIds]).toEqual([[join(mailbox, 'one.e1.json')], new Set()]);
    expect(readLastWords(paths[0]!, nowMs)).toEqual({ words: wordsOf('one'), faults: [] });
    expect(readdirSync(mailbox).toSorted()).toEqual(['one.e1.json', 'open']);
  });

  it('says which sandboxes go on without their shim', async () => {
    leaveDetached(root, wordsOf('closed'));
    open();
    leaveDetached(root, wordsOf('one'));
    const path = join(mailbox, 'one.e1.json.detached');
    expect(await listMailbox(mailbox, nowMs)).toMatchObject({
      ...{ paths: [], foreign: [], detached: [{ sandboxId: 'one', path }] },
    });
  });

  it('looks at a limited number of files at a time', async () => {
    open();
    for (let i = 0; i < MAX_MAILBOX_FILES + 1; i++) {
      writeFileSync(join(mailbox, `a${i}.e1.json.new`), '');
      writeFileSync(join(mailbox, `d${i}.e1.json.detached`), '');
      writeFileSync(join(mailbox, `w${i}.e1.json`), '');
    }
    const { paths, announcedIds, detached, foreign } = await listMailbox(mailbox, Date.now());
    expect([paths.length, announcedIds.size, detached.length, foreign.length]).toEqual([4096, 4096, 4096, 0]);
  });

  it('counts what it has no room for', () => {
    open();
    const maxFiles = 3;
    expect(leaveLastWords(root, wordsOf('zero'), maxFiles)).toBe(true);
    writeFileSync(join(mailbox, 'foreign'), '');
    expect(leaveLastWords(root, wordsOf('one'), maxFiles)).toBe(false);
    expect(leaveLastWords(root, wordsOf('two'), maxFiles)).toBe(false);
    expect(takeRefusedCount(mailbox)).toBe(2);
    expect(takeRefusedCount(mailbox)).toBe(0);
  });

  it.each<[string, string, () => unknown]>([
    ['last words', 'one.e1.json.new', () => leaveLastWords(root, wordsOf('one'))],
    ['an end that is none', 'one.e1.json.detached', () => leaveDetached(root, wordsOf('one'))],
  ])('gets %s whatever stands in the way', (_what, name, leave) => {
    open();
    const precious = join(root, 'precious');
    writeFileSync(precious, 'precious');
    for (const make of [makeFifo, (path: string) => symlinkSync(precious, path)]) {
      make(join(mailbox, name));
      leave();
      expect(readFileSync(precious, 'utf8')).toBe('precious');
      rmSync(join(mailbox, 'one.e1.json'), { force: true });
      rmSync(join(mailbox, name), { force: true });
    }
  });

  it.each(['open', 'refused'])('waits for no pipe and follows no link in the place of "%s"', (name) => {
    const leave = name === 'open' ? open : () => leaveLastWords(root, wordsOf('two'), 1);
    mkdirSync(mailbox);
    if (name === 'refused') {
      open();
    }
    makeFifo(join(mailbox, name));
    expect(leave).toThrow('ENXIO');
    rmSync(join(mailbox, name));
    symlinkSync('/dev/zero', join(mailbox, name));
    expect(leave).toThrow('ELOOP');
  });

  it.each<[string, (path: string) => void]>([
    ['a link', (path) => symlinkSync('/etc/passwd', path)],
    ['a dangling link', (path) => symlinkSync('/nowhere', path)],
    ['a directory', (path) => mkdirSync(path)],
    ['a pipe', makeFifo],
    ['a file of terabytes', (path) => execFileSync('truncate', ['-s', '1T', path])],
  ])('refuses %s as the count of what it had no room for', (_what, make) => {
    open();
    make(join(mailbox, 'refused'));
    expect(() => takeRefusedCount(mailbox)).toThrow(LastWordsError);
    expect(() => takeRefusedCount(mailbox)).toThrow('must be a regular file of at most 1000000 bytes');
  });
});

describe('a file that no shim has written', () => {
  const path = (): string => join(mailbox, 'one.e1.json');

  it.each<[string, () => void, string]>([
    ['a link', () => symlinkSync('/etc/passwd', path()), 'It must be a regular file'],
    ['a directory', () => mkdirSync(path()), 'It must be a regular file'],
    ['a pipe', () => execFileSync('mkfifo', [path()]), 'It must be a regular file'],
    ['one that is too long', () => writeFileSync(path(), 'x'.repeat(100_000)), 'at most 4096 bytes, got 100000'],
    ['an empty one', () => writeFileSync(path(), ''), 'The content must be JSON'],
    ['that of another sandbox', () => writeFileSync(path(), encodeLastWords(wordsOf('two'))), 'named "two.e1.json"'],
  ])('%s is refused', (_what, make, message) => {
    open();
    make();
    expect(() => readLastWords(path(), nowMs)).toThrow(LastWordsError);
    expect(() => readLastWords(path(), nowMs)).toThrow(message);
  });

  it('that is gone is an error of the system', () => {
    expect(() => readLastWords(path(), nowMs)).toThrow('ENOENT');
  });
});
