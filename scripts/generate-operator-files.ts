/**
 * Writes the man pages in deploy/man and the completions in deploy/completions from the programs' option tables: `node
 * scripts/generate-operator-files.ts`. With `--check` it writes nothing and fails when a file differs from what it would
 * write, or is there without a program; scripts/check.ts runs it so.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { manPage } from './man-page.ts';
import { programs } from './programs.ts';

const rootPath = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8')) as { version: string };

/** By the path from the repository. */
const files = new Map(
  programs.flatMap((program) => [
    [`deploy/man/${program.name}.${program.section}`, manPage(program, version, programs)],
    [`deploy/completions/bash/${program.name}`, bashCompletion(program)],
    [`deploy/completions/zsh/_${program.name}`, zshCompletion(program)],
    [`deploy/completions/fish/${program.name}.fish`, fishCompletion(program)],
  ]),
);

const present = globSync(['deploy/man/*', 'deploy/completions/*/*'], { cwd: rootPath });
const leftOver = present.filter((path) => !files.has(path));
const differing = [...files].filter(
  ([path, text]) => !present.includes(path) || readFileSync(join(rootPath, path), 'utf8') !== text,
);

if (process.argv.includes('--check')) {
  for (const path of [...leftOver, ...differing.map(([path]) => path)]) {
    process.stderr.write(`${path} differs from the option tables, run "npm run generate"\n`);
    process.exitCode = 1;
  }
} else {
  for (const path of leftOver) {
    rmSync(join(rootPath, path));
  }
  for (const [path, text] of differing) {
    mkdirSync(dirname(join(rootPath, path)), { recursive: true });
    writeFileSync(join(rootPath, path), text);
  }
}
