import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { editSource, edits } from './without-trouble.ts';

it.each(Object.keys(edits))('leaves something out of %s', (path) => {
  const source = readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  expect(editSource(path, source)).not.toBe(source);
});

it('does not measure what it cannot leave out', () => {
  expect(() => editSource('src/shim/shim-counters.ts', 'nothing')).toThrow(
    '"src/shim/shim-counters.ts" must have once',
  );
});
