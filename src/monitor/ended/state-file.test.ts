import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EndedState, readState, writeState } from './state-file.ts';

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

// A limit of the size of files takes a part of a write, as a disk that is getting full, and then reports an error.
it.each<[string, Partial<EndedState>]>([
  ['the totals', { scrapers: [{ key: 'x'.repeat(2000), seen: 1 }] }],
  ['the sandboxes', { finals: ['x'.repeat(2000)] }],
])('a state of which %s do not fit on the disk does not replace the last one', (_what, changes) => {
  writeState(directory, state);
  const before = readFileSync(join(directory, 'state.json'), 'utf8');
  const module = join(import.meta.dirname, 'state-file.ts');
  const text = JSON.stringify({ ...state, ...changes });
  const program = `import { writeState } from '${module}'; writeState('${directory}', ${text});`;
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
  expect(readFileSync(join(directory, 'state.json'), 'utf8')).toBe(before);
  expect(readState(directory)).toMatchObject({ lastSequence: 7, invalidLines: 0 });
});
