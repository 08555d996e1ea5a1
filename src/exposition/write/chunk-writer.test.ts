import { describe, expect, it } from 'vitest';
import { scan } from '../form/scan.ts';
import { ExtraLabels, noLabels } from '../format/extra-labels.ts';
import { CHUNK_BYTES, ChunkPool } from './chunk-pool.ts';
import { ChunkWriter } from './chunk-writer.ts';

const labels = new ExtraLabels({ id: 'x', é: '' });
/** Lines near the end of a body are not copied by words: this stands after those that are. */
const tail = '# tail of the body\n';

function write(line: string, prefix: string, added: ExtraLabels): string {
  const writer = new ChunkWriter(new ChunkPool());
  expect(writer.lines(scan(Buffer.from(`${line}\n${tail}`)), 0, 1, Buffer.from(prefix), added)).toBe(1);
  return Buffer.concat(writer.takeAll()).toString();
}

describe('ChunkWriter', () => {
  it.each([
    ['a 1', '', noLabels, 'a 1'],
    ['a 1', '', labels, 'a{id="x",é=""} 1'],
    ['a{b="1"} 2', '', noLabels, 'a{b="1"} 2'],
    ['a{b="1"} 2', '', labels, 'a{b="1",id="x",é=""} 2'],
    ['a{b="1"} 2', 'kata_', labels, 'kata_a{b="1",id="x",é=""} 2'],
    ['a 1 5', 'kata_', labels, 'kata_a{id="x",é=""} 1 5'],
    [
      `a{b="${'é'.repeat(50)}"} 12345678901234567890`,
      '',
      labels,
      `a{b="${'é'.repeat(50)}",id="x",é=""} 12345678901234567890`,
    ],
  ])('copies %s with prefix "%s"', (line, prefix, added, expected) => {
    expect(write(line, prefix, added)).toBe(`${expected}\n`);
  });

  it.each([0, 1, 2, 3])('leaves lines to the caller that end %d bytes before the end of the body', (bytes) => {
    const body = Buffer.concat([Buffer.from('a 1\nb 2'), Buffer.from('\n'.repeat(bytes))]);
    const writer = new ChunkWriter(new ChunkPool());
    expect(writer.lines(scan(body), 0, 2, Buffer.alloc(0), noLabels)).toBe(bytes < 3 ? 1 : 2);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('loses nothing between chunks, lines of %d bytes more', (more) => {
    const line = `a{b="${'x'.repeat(100 + more)}"} ${'1'.repeat(more)}\n`;
    const count = Math.ceil((2.5 * CHUNK_BYTES) / line.length);
    const lines = Array.from({ length: count }, (_, i) => line.replace('x', String.fromCharCode(97 + (i % 26))));
    const body = lines.join('') + tail;
    const writer = new ChunkWriter(new ChunkPool());
    expect(writer.lines(scan(Buffer.from(body), { rules: keepAll }), 0, count, Buffer.alloc(0), noLabels)).toBe(count);
    expect(writer.hasFinished).toBe(true);
    const chunks = writer.takeAll();
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(CHUNK_BYTES);
    expect(Buffer.concat(chunks).toString()).toBe(lines.join(''));
  });

  it('takes its own chunk for a line that is longer than a chunk', () => {
    const line = `a{b="${'x'.repeat(CHUNK_BYTES)}"} 1`;
    expect(write(line, '', labels)).toBe(`${line.replace('} 1', ',id="x",é=""} 1')}\n`);
  });
});

const keepAll = {
  reservedLabels: [],
  maxLabels: Number.POSITIVE_INFINITY,
  maxLabelValueBytes: Number.POSITIVE_INFINITY,
  maxSamples: Number.POSITIVE_INFINITY,
};
