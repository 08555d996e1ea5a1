import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CHUNK_BYTES, ChunkPool } from '../write/chunk-pool.ts';
import { ValueSlabs } from './value-slabs.ts';

describe('ValueSlabs', () => {
  it.each([
    [0, 0],
    [1, 1],
    [1, 2],
    [3, 5],
    [1000, 7001],
    [40_000, CHUNK_BYTES],
  ])('gives space for %d lines and %d bytes, and what copying by words takes more', (lines, bytes) => {
    const slabs = new ValueSlabs();
    for (const table of [slabs.take(lines, bytes), slabs.take(lines, bytes)]) {
      expect(table.offsets).toHaveLength(2 * lines);
      expect(table.bytes.length).toBeGreaterThanOrEqual(bytes + 3);
      expect(table.words.byteLength).toBe(table.bytes.length);
      expect(table.words.byteOffset).toBe(table.bytes.byteOffset);
    }
  });

  it('without a pool, leaves to the garbage collector what is no longer referred to', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const slabs = new ValueSlabs();
    collect();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 40; i++) {
      slabs.take(1, CHUNK_BYTES - 100);
    }
    // V8 may release the memory in another thread, after the collection.
    const added = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers - before;
    };
    await expect.poll(added, { timeout: 10_000 }).toBeLessThan(4 * CHUNK_BYTES);
  });

  it('gives each its own space', () => {
    const slabs = new ValueSlabs(new ChunkPool());
    const tables = Array.from({ length: 100 }, (_, i) => {
      const table = slabs.take(5, 1000 + i);
      table.offsets.fill(i);
      table.bytes.fill(i);
      return table;
    });
    for (const [i, { offsets, bytes }] of tables.entries()) {
      expect(offsets.every((each) => each === i)).toBe(true);
      expect(bytes.every((each) => each === i)).toBe(true);
    }
  });

  const memoryAfter = (end: (slabs: ValueSlabs) => void): boolean => {
    const pool = new ChunkPool();
    const slabs = new ValueSlabs(pool);
    const { buffer } = slabs.take(1, 1).words;
    end(slabs);
    return pool.take(0).buffer === buffer;
  };

  it.each<[title: string, isReused: boolean, end: (slabs: ValueSlabs) => void]>([
    ['released', true, (slabs) => slabs.release()],
    ['released twice', true, (slabs) => [slabs.release(), slabs.release()]],
    ['in use', false, () => undefined],
    ['kept, then released', false, (slabs) => [slabs.keep(), slabs.release()]],
    ['released while it is written to', false, (slabs) => [slabs.beginWriting(), slabs.release()]],
    ['released, and written', true, (slabs) => [slabs.beginWriting(), slabs.release(), slabs.endWriting()]],
    ['written, not released', false, (slabs) => [slabs.beginWriting(), slabs.endWriting()]],
  ])('memory that is %s is used again: %s', (_, isReused, end) => {
    expect(memoryAfter(end)).toBe(isReused);
  });

  it('gives separate memory after it was released', () => {
    const pool = new ChunkPool();
    const slabs = new ValueSlabs(pool);
    slabs.take(1, 1);
    slabs.release();
    const { buffer } = slabs.take(1, 1).words;
    slabs.release();
    expect([pool.take(0).buffer, pool.take(0).buffer]).not.toContain(buffer);
  });
});
