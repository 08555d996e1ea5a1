import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withoutDescriptions } from './drop-descriptions.ts';

describe('withoutDescriptions', () => {
  it.each([
    [
      'a row',
      `({ help: 'h', value: 'v', source: \`s \${x}\`, isContract: true, labels: {} })`,
      `({ help: 'h',    labels: {} })`,
    ],
    ['the last ones', `({ help: 'h', value: 'a, b', source: '}' })`, `({ help: 'h',   })`],
    [
      'nothing of other names',
      `f({ values: 1, item: ['value', 'source'] })`,
      `f({ values: 1, item: ['value', 'source'] })`,
    ],
    [
      'no types',
      'interface A { readonly value: string; source: number }',
      'interface A { readonly value: string; source: number }',
    ],
    ['no patterns', 'const { value: a, source } = row;', 'const { value: a, source } = row;'],
  ])('%s', (_, code, expected) => {
    expect(withoutDescriptions(code)).toBe(expected);
  });

  it('leaves TypeScript in every module of the catalog', () => {
    const root = join(import.meta.dirname, '../../src/catalog');
    const files = globSync('*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'));
    const sizes = files.map((file) => {
      const code = readFileSync(join(root, file), 'utf8');
      return [code.length, stripTypeScriptTypes(withoutDescriptions(code)).length];
    });
    expect(files.length).toBeGreaterThan(20);
    expect(sizes.every(([before = 0, after = 0]) => after <= before)).toBe(true);
  });
});
