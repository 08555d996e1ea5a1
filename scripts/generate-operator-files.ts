/**
 * Writes the man pages in deploy/man and the completions in deploy/completions from the programs' option tables: `node
 * scripts/generate-operator-files.ts`. With `--check` it writes nothing and fails when a file differs from what it would
 * write, or is there without a program; scripts/check.ts runs it so.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import { writeGeneratedFiles } from './generated-files.ts';
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
writeGeneratedFiles(files, 'the option tables', leftOver);
