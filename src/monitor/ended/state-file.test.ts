import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EndedState, readState, writeLastState, writeState } from './state-file.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'state-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const state: EndedState = {
  createdMs: 1,
  lastSequence: 7,
  totals: [{ namespace: 'a', runtimeHandler: '', count: { stopped: 7 }, sums: { cpuSeconds: 3 } }],
  dropped: {},
  consumed: [],
  scrapers: [],
  finals: [],
};

const makeFifo = (path: string): void => void execFileSync('mkfifo', [path]);

// What would keep the monitor waiting for ever, or make it read or write elsewhere.
it.each<[string, (path: string) => void, string]>([
  ['a pipe', makeFifo, 'it must be a regular file'],
  ['a link to an endless file', (path) => symlinkSync('/dev/zero', path), 'ELOOP'],
  ['a directory', (path) => mkdirSync(path), 'it must be a regular file'],
  ['an empty file', (path) => writeFileSync(path, ''), 'JSON'],
  ['a file of terabytes', (path) => execFileSync('truncate', ['-s', '1T', path]), 'at most 33554432 bytes'],
])('%s is no state, and kept beside', (_what, make, message) => {
  make(join(directory, 'state.json'));
  expect(() => readState(directory)).toThrow(message);
  expect(readdirSync(directory)).toEqual(['state.json.bad']);
  expect(readState(directory)).toBeUndefined();
});

it.each<[string, (path: string) => void]>([
  ['a pipe', makeFifo],
  ['a link', (path) => symlinkSync(join(directory, 'precious'), path)],
  ['a file of another process', (path) => writeFileSync(path, 'half of a st')],
])('%s in the place of the new state is replaced', async (_what, make) => {
  writeFileSync(join(directory, 'precious'), 'precious');
  for (const write of [writeState, writeLastState]) {
    make(join(directory, 'state.json.new'));
    await write(directory, state);
    expect(readState(directory)).toMatchObject({ lastSequence: 7 });
    rmSync(join(directory, 'state.json'));
  }
  expect(readFileSync(join(directory, 'precious'), 'utf8')).toBe('precious');
});

// A limit of the size of files takes a part of a write, as a disk that is getting full, and then reports an error.
it.each<[string, Partial<EndedState>]>([
  ['the totals', { scrapers: [{ key: 'x'.repeat(2000), seen: 1 }] }],
  ['the sandboxes', { finals: ['x'.repeat(2000)] }],
])('a state of which %s do not fit on the disk does not replace the last one', async (_what, changes) => {
  await writeState(directory, state);
  const before = readFileSync(join(directory, 'state.json'), 'utf8');
  const module = join(import.meta.dirname, 'state-file.ts');
  const text = JSON.stringify({ ...state, ...changes });
  const program = `import { writeState } from '${module}'; await writeState('${directory}', ${text});`;
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
  expect(readFileSync(join(directory, 'state.json'), 'utf8')).toBe(before);
  expect(readState(directory)).toMatchObject({ lastSequence: 7, invalidLines: 0 });
});

// The name of a file can reach the disk before its content.
it('the new state gets its name only when the disk has its content', async () => {
  const module = join(import.meta.dirname, 'state-file.ts');
  const program = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const calls = [];
    const sync = fs.fdatasync;
    const rename = fs.renameSync;
    fs.fdatasync = (file, done) => sync(file, (error) => (calls.push('synced'), done(error)));
    fs.renameSync = (...paths) => (calls.push('renamed'), rename(...paths));
    syncBuiltinESMExports();
    const { writeState } = await import('${module}');
    await writeState('${directory}', ${JSON.stringify(state)});
    console.log(calls.join());`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['synced,renamed\n', '']);
});

it('the last state replaces one that is being written', async () => {
  const writing = writeState(directory, state);
  writeLastState(directory, { ...state, lastSequence: 8 });
  await expect(writing).rejects.toThrow('ENOENT');
  expect(readState(directory)).toMatchObject({ lastSequence: 8 });
});
