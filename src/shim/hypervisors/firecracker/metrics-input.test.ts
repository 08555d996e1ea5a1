import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  openSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../test/support/processes.ts';
import { MetricsInput } from './metrics-input.ts';

let folder: string;
let path: string;
let input: MetricsInput;
/** All bytes so far, with a bar where a line was broken off. */
let text: string;
let problems: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  path = join(folder, 'metrics');
  text = '';
  problems = [];
});

afterEach(async () => {
  await input?.close();
  await rm(folder, { recursive: true });
});

function open(): MetricsInput {
  input = new MetricsInput({
    path,
    onBytes: (bytes) => {
      text += bytes.toString();
    },
    onBreak: () => {
      text += '|';
    },
    onProblem: (message) => problems.push(message),
  });
  return input;
}

const makeFifo = (): void => {
  execFileSync('mkfifo', [path]);
};

/** As Firecracker opens it. */
function writeToFifo(...pieces: string[]): void {
  const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  for (const piece of pieces) {
    writeSync(writer, piece);
  }
  closeSync(writer);
}

describe('a FIFO', () => {
  it('is opened without a writer, and read as one writes', async () => {
    makeFifo();
    await open().refresh();
    writeToFifo('one\n');
    await waitUntil(() => text === '|one\n');
    writeToFifo('two\n', 'thr');
    await waitUntil(() => text === '|one\ntwo\nthr');
  });

  it('has writers that come and go', async () => {
    makeFifo();
    await open().refresh();
    for (let i = 0; i < 20; i++) {
      writeToFifo(`${i}\n`);
    }
    await waitUntil(() => text.endsWith('19\n'));
    expect(text).toBe(`|${Array.from({ length: 20 }, (_, i) => `${i}\n`).join('')}`);
  });

  it('is emptied while nobody asks, so that a writer never finds it full', async () => {
    makeFifo();
    await open().refresh();
    const line = `${'x'.repeat(10_000)}\n`;
    const writer = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    // The kernel keeps 64 KiB; ten times as much goes through.
    for (let i = 1; i <= 64; i++) {
      expect(writeSync(writer, line)).toBe(line.length);
      await waitUntil(() => text.length === 1 + i * line.length);
    }
    closeSync(writer);
  });

  it('may appear later, and be made anew', async () => {
    await open().refresh();
    makeFifo();
    await input.refresh();
    writeToFifo('one\n');
    await waitUntil(() => text === '|one\n');
    await rm(path);
    makeFifo();
    await input.refresh();
    writeToFifo('two\n');
    await waitUntil(() => text === '|one\n|two\n');
  });

  it('is not read after the end', async () => {
    makeFifo();
    await open().refresh();
    await input.close();
    await input.close();
    await input.refresh();
    const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    writeToFifo('one\n');
    closeSync(reader);
    expect(text).toBe('|');
  });
});

describe('a file', () => {
  it('is read from its beginning, and on', async () => {
    writeFileSync(path, 'one\n');
    await open().refresh();
    expect(text).toBe('|one\n');
    appendFileSync(path, 'two\n');
    await input.refresh();
    expect(text).toBe('|one\ntwo\n');
    await input.refresh();
    expect(text).toBe('|one\ntwo\n');
  });

  it('is read when it changes, without being asked', async () => {
    writeFileSync(path, '');
    await open().refresh();
    appendFileSync(path, 'one\n');
    await waitUntil(() => text === '|one\n');
  });

  it('may appear later', async () => {
    open();
    writeFileSync(path, 'one\n');
    await waitUntil(() => text === '|one\n');
  });

  it('of a megabyte is read in order', async () => {
    const long = Array.from({ length: 150_000 }, (_, i) => `${i}\n`).join('');
    writeFileSync(path, long);
    await open().refresh();
    expect(text === `|${long}`).toBe(true);
  });

  it('that is cut is read from its beginning', async () => {
    writeFileSync(path, 'one\ntwo\n');
    await open().refresh();
    truncateSync(path);
    await input.refresh();
    appendFileSync(path, '3\n');
    await input.refresh();
    expect(text).toBe('|one\ntwo\n|3\n');
  });

  it('that is renamed is read to its end, before the one that takes its place', async () => {
    writeFileSync(path, 'one\n');
    await open().refresh();
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, 'two\n');
    writeFileSync(path, 'three\n');
    await input.refresh();
    expect(text).toBe('|one\ntwo\n|three\n');
  });

  it('that is renamed goes on to be read while the one in its place is empty', async () => {
    writeFileSync(path, 'one\n');
    await open().refresh();
    renameSync(path, `${path}.1`);
    writeFileSync(path, '');
    await input.refresh();
    appendFileSync(`${path}.1`, 'two\n');
    await input.refresh();
    expect(text).toBe('|one\ntwo\n');
  });
});

describe('what is neither', () => {
  it('is a problem, not an exception', async () => {
    await mkdir(path);
    await open().refresh();
    expect(problems).toEqual([`Cannot read metrics of "${path}": neither a FIFO nor a file`]);
  });

  it('in a directory that is not there is refused at once', () => {
    path = join(folder, 'none', 'metrics');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
