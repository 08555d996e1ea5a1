import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputReader } from './output-reader.ts';

const never = new AbortController().signal;
let stream: PassThrough;
let reader: OutputReader;

beforeEach(() => {
  stream = new PassThrough();
  reader = new OutputReader(stream);
});

const read = async (maxBytes = 100): Promise<string> => (await reader.read(maxBytes, never)).toString();

describe('OutputReader', () => {
  it('returns what there is, at most the requested bytes, then the end again and again', async () => {
    stream.write('abc');
    stream.write('def');
    stream.end();
    expect([await read(2), await read(3)].join('|')).toMatch(/^ab\|c/);
    while ((await read()) !== '') {
      expect(reader.isEndRead).toBe(false);
    }
    expect(await read()).toBe('');
    expect(reader.isEndRead).toBe(true);
  });

  it('waits for output', async () => {
    const waiting = read();
    stream.write('late');
    expect(await waiting).toBe('late');
  });

  it('loses nothing by a read that is aborted', async () => {
    const aborting = new AbortController();
    const waiting = reader.read(10, aborting.signal);
    aborting.abort();
    expect(await waiting).toHaveLength(0);
    expect(reader.isEndRead).toBe(false);
    stream.write('x');
    expect(await read()).toBe('x');
  });

  it('stops reading when much waits, and goes on when it was read', async () => {
    stream.write(Buffer.alloc(300_000));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stream.isPaused()).toBe(true);
    expect(await reader.read(200_000, never)).toHaveLength(200_000);
    expect(stream.isPaused()).toBe(false);
  });

  it('takes a stream that fails for one that ends: a terminal whose other side is gone', async () => {
    stream.write('last');
    stream.destroy(new Error('EIO'));
    while ((await read()) !== '') {
      // What it read is dropped.
    }
    expect(reader.isEndRead).toBe(true);
  });
});
