import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const documents = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));

it.each(documents)('README.md lists docs/%s', (name) => {
  expect(readme).toContain(`| [docs/${name}](docs/${name}) | `);
});

it('README.md has the number of questions of docs/promql.md', () => {
  const count = read('docs/promql.md').match(/^### \d+\. /gm)?.length;
  expect(readme.match(/\d+(?= questions)/g)).toEqual([String(count), String(count)]);
});
