/**
 * Writes the table of modules in ARCHITECTURE.md from the import law, between two comments. With `--check` it only says
 * whether the table is that of the law, and exits with 1 when it is not.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderLaw, moduleLaw } from './import-law.ts';

const documentPath = join(import.meta.dirname, '../ARCHITECTURE.md');
const begin = '<!-- Generated from scripts/import-law.ts by npm run generate -->';
const end = '<!-- End of the generated part -->';

function code(names: readonly string[]): string {
  return names.length === 0
    ? '-'
    : [...names]
        .sort()
        .map((name) => `\`${name}\``)
        .join(' ');
}

function moduleTable(): string {
  const rows = Object.entries(moduleLaw).map(([name, { purpose, imports, loads = [] }]) => {
    const loaded = loads.length === 0 ? '' : `; by \`import()\` ${code(loads)}`;
    return `| \`${name}\` | ${purpose} | ${code(imports)}${loaded} |`;
  });
  return ['| module | what | may import |', '|---|---|---|', ...rows].join('\n');
}

function folderTable(): string {
  const rows = Object.entries(folderLaw).flatMap(([module, folders]) =>
    Object.entries(folders).map(([folder, imports]) => `| \`${module}/${folder}\` | ${code(imports)} |`),
  );
  return ['| folder | may import, of its module |', '|---|---|', ...rows].join('\n');
}

const text = readFileSync(documentPath, 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from === -1 || to < from) {
  throw new Error(`ARCHITECTURE.md has no lines "${begin}" and "${end}"`);
}
const wanted = `${text.slice(0, from)}${begin}\n\n${moduleTable()}\n\n${folderTable()}\n\n${text.slice(to)}`;
if (!process.argv.includes('--check')) {
  writeFileSync(documentPath, wanted);
} else if (wanted !== text) {
  process.stdout.write('ARCHITECTURE.md does not have the table of scripts/import-law.ts: npm run generate\n');
  process.exitCode = 1;
}
