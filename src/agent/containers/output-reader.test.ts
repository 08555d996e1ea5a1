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

  it('returns what came byte by byte in its order, at a cost that does not grow with what waits', async () => {
    const written = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
    for (let i = 0; i < written.length; i++) {
      stream.write(written.subarray(i, i + 1));
      if (i % 1000 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    stream.end();
    const pieces: Buffer[] = [];
    for (let piece = await reader.read(7, never); piece.length > 0; piece = await reader.read(7, never)) {
      pieces.push(piece);
    }
    expect(Buffer.concat(pieces).equals(written)).toBe(true);
  });

  it('holds a limited number of bytes, however long it is not read to its end', async () => {
    for (let round = 0; round < 100; round++) {
      stream.write(Buffer.alloc(20_000, round));
      await new Promise((resolve) => setImmediate(resolve));
      expect((await reader.read(19_000, never)).every((byte) => byte <= round)).toBe(true);
    }
    stream.end();
    let rest = 0;
    for (let piece = await reader.read(100_000, never); piece.length > 0; piece = await reader.read(100_000, never)) {
      rest += piece.length;
    }
    expect(rest).toBe(100 * 1000);
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
