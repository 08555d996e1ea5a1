import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  openSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../../test/support/processes.ts';
import { openMetricsFifo } from './metrics-fifo.ts';
import { MetricsFile } from './metrics-file.ts';
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

  it('is drained between scrapes, so that a writer never finds it full', async () => {
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

  it('is read when it changes, without a refresh', async () => {
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

  const line = (ms: number, count: number, extra = ''): string =>
    `{"utc_timestamp_ms":${1_739_000_000_000 + ms},"net":{"rx_count":${count}${extra}}}\n`;
  /** Writes as Firecracker does: where it is, over what is there, without cutting. */
  const writeAt = (position: number, written: string): number => {
    const writer = openSync(path, constants.O_RDWR | constants.O_CREAT);
    writeSync(writer, written, position);
    closeSync(writer);
    return position + Buffer.byteLength(written);
  };

  it('that a Firecracker writes again from its beginning is read from there', async () => {
    const old = line(1, 1) + line(2, 2) + line(3, 3) + line(4, 4) + line(5, 5);
    writeFileSync(path, old);
    await open().refresh();
    const first = line(1_000, 3);
    const end = writeAt(0, first);
    await input.refresh();
    expect(text).toBe(`|${old}|${first}`);
    const second = line(2_000, 4, ',"tx_count":123');
    const third = line(3_000, 5);
    const end2 = writeAt(end, second);
    await input.refresh();
    await input.refresh();
    writeAt(end2, third);
    await input.refresh();
    expect(text).toBe(`|${old}|${first}${second}${third}`);
  });

  it('that is written again beyond its old end is read on', async () => {
    const old = line(1, 1) + line(2, 2);
    writeFileSync(path, old);
    await open().refresh();
    const lines = Array.from({ length: 9 }, (_, i) => line(1_000 + i, i, ',"tx_count":7'));
    let end = 0;
    for (const each of lines) {
      end = writeAt(end, each);
      await input.refresh();
    }
    expect(text).toBe(`|${old}|${lines.join('')}`);
    const more = line(9_000, 1);
    appendFileSync(path, more);
    await input.refresh();
    expect(text).toBe(`|${old}|${lines.join('')}${more}`);
  });

  it('that is written again at once beyond its old end is read from its beginning', async () => {
    const old = line(1, 1);
    writeFileSync(path, old);
    await open().refresh();
    const lines = [line(1_000, 1), line(1_001, 2), line(1_002, 3)].join('');
    writeAt(0, lines);
    await input.refresh();
    expect(text).toBe(`|${old}|${lines}`);
  });

  it('that is written again twice is read twice', async () => {
    const old = line(1, 1) + line(2, 2) + line(3, 3);
    writeFileSync(path, old);
    await open().refresh();
    writeAt(0, line(1_000, 1));
    await input.refresh();
    writeAt(0, line(2_000, 1));
    await input.refresh();
    expect(text).toBe(`|${old}|${line(1_000, 1)}|${line(2_000, 1)}`);
  });

  it('that is written again in pieces is read when it rests', async () => {
    const old = line(1, 1, `,"id":"${'x'.repeat(100)}"`);
    writeFileSync(path, old);
    await open().refresh();
    // What has come of the new line and the rest of the old one are JSON together.
    const fresh = line(1_000, 9, `,"id":"${'y'.repeat(100)}"`);
    const place = writeAt(0, fresh.slice(0, 100));
    const looked = input.refresh();
    writeAt(place, fresh.slice(100));
    await looked;
    await input.refresh();
    expect(text).toBe(`|${old}|${fresh}`);
  });

  it('that is cut under a Firecracker goes on after a hole', async () => {
    const old = line(1, 1) + line(2, 2);
    writeFileSync(path, old);
    await open().refresh();
    truncateSync(path);
    await input.refresh();
    const end = writeAt(old.length, line(3, 3));
    await input.refresh();
    writeAt(end, line(4, 4));
    await input.refresh();
    expect(text).toBe(`|${old}|${line(3, 3)}${line(4, 4)}`);
  });

  it('that is cut and outgrown between two looks goes on', async () => {
    const old = line(1, 1) + line(2, 2);
    writeFileSync(path, old);
    await open().refresh();
    truncateSync(path);
    writeAt(old.length, line(3, 3));
    await input.refresh();
    expect(text).toBe(`|${old}${line(3, 3)}`);
  });

  it('that is cut, and then written from its beginning by another Firecracker, is read from there', async () => {
    const old = line(1, 1) + line(2, 2);
    writeFileSync(path, old);
    await open().refresh();
    truncateSync(path);
    writeAt(old.length, line(3, 3));
    await input.refresh();
    writeAt(0, line(1_000, 4));
    await input.refresh();
    expect(text).toBe(`|${old}${line(3, 3)}|${line(1_000, 4)}`);
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

  // Between the look at the path and its opening, by a hypervisor that a guest has taken over.
  it.each<[string, () => unknown]>([
    ['a file', () => writeFileSync(path, '')],
    ['a device', () => symlinkSync('/dev/zero', path)],
    ['a directory', async () => await mkdir(path)],
  ])('%s is no FIFO', async (_what, make) => {
    await make();
    const handlers = { onBytes: () => undefined, onError: () => undefined };
    expect(() => openMetricsFifo({ path, ...handlers })).toThrow(/is no FIFO|EISDIR/);
  });

  it.each<[string, () => unknown]>([
    ['a FIFO', makeFifo],
    ['a device', () => symlinkSync('/dev/zero', path)],
    ['a directory', async () => await mkdir(path)],
  ])('%s is no file, and not waited for', async (_what, make) => {
    await make();
    const handlers = { onBytes: () => undefined, onCut: () => undefined };
    await expect(MetricsFile.open(path, handlers)).rejects.toThrow('is no plain file any more');
  });

  it('in a directory that is not there is refused at once', () => {
    path = join(folder, 'none', 'metrics');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
