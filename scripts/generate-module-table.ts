/**
 * Writes the table of modules in ARCHITECTURE.md from the import law, between two comments. With `--check` it only says
 * whether the table is that of the law, and exits with 1 when it is not.
 */
import { writeGeneratedPart } from './generated-files.ts';
import { folderLaw, moduleLaw } from './import-law.ts';

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

writeGeneratedPart('ARCHITECTURE.md', 'scripts/import-law.ts', `${moduleTable()}\n\n${folderTable()}`);
