/**
 * The one gate (npm run check): format and lint, types, import law, rules of text, generated files. Says ok or failed for
 * each step, and why; exits with 1 when a step failed. Changes nothing; the tests are run by npm test.
 */
import { execFile, execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkChains } from './import-chains.ts';
import { checkImports, checkWebImports } from './import-law.ts';
import { checkLinks } from './link-check.ts';
import { checkText } from './tracked-text.ts';
import { checkWords } from './word-check.ts';

const rootPath = join(import.meta.dirname, '..');
const binPath = join(rootPath, 'node_modules/.bin');
/** More than any tool prints here; one that prints more fails its step. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

interface Step {
  readonly name: string;
  /** What is wrong, one line each or a tool's own text; empty when nothing is. */
  readonly findFaults: () => Promise<string[]> | string[];
}

/** Runs a program; its output is the fault when it does not end with 0. */
function run(file: string, ...args: string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd: rootPath, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      resolve(error === null ? [] : [`${stdout}${stderr}`.trim() || error.message]);
    });
  });
}

/** Links are not followed: what they lead to is listed itself. */
function isRegularFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Every file that is tracked, or new and not ignored. */
function trackedPaths(...patterns: string[]): string[] {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  const listed = execFileSync('git', args, { cwd: rootPath, encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES });
  const paths = [...new Set(listed.split('\0'))].filter((path) => path !== '' && isRegularFile(join(rootPath, path)));
  return paths.sort();
}

/** Text of each of these files; files with a NUL byte are not text. */
function readFiles(...patterns: string[]): Map<string, string> {
  const files = trackedPaths(...patterns).map((path) => [path, readFileSync(join(rootPath, path), 'utf8')] as const);
  return new Map(files.filter(([, text]) => !text.includes('\0')));
}

function sources(): Map<string, string> {
  return readFiles('src/*.ts');
}

/** All that people write; the words to avoid themselves stand in the check and in its test. */
const wordPaths = [
  ...['*.md', 'bench', 'deploy', 'docs', 'scripts', 'src/*.ts', 'test/*.ts', 'web'],
  ...[':!*/gen/*', ':!scripts/word-check*.ts', ':!test/fixtures'],
];

const steps: readonly Step[] = [
  { name: 'format and lint', findFaults: () => run(join(binPath, 'biome'), 'check', '--error-on-warnings', '.') },
  { name: 'types', findFaults: () => run(join(binPath, 'tsc'), '-p', '.') },
  { name: 'types of the page', findFaults: () => run(join(binPath, 'tsc'), '-p', 'web') },
  {
    name: 'import law',
    findFaults: () => [
      ...checkImports(sources()),
      ...checkChains(sources()),
      ...checkWebImports(readFiles('web/*.ts', 'web/*.tsx')),
    ],
  },
  { name: 'text of files', findFaults: () => checkText(readFiles()) },
  { name: 'links', findFaults: () => checkLinks(readFiles(), trackedPaths()) },
  {
    name: 'words',
    findFaults: () => checkWords(readFiles(...wordPaths)),
  },
  {
    name: 'docs/metrics.md',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-metrics-doc.ts'), '--check'),
  },
  {
    name: 'docs/configuration.md',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-configuration-doc.ts'), '--check'),
  },
  {
    name: 'man pages and completions',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-operator-files.ts'), '--check'),
  },
  {
    name: 'table of modules',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-module-table.ts'), '--check'),
  },
  {
    name: 'table of limits',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-limits-table.ts'), '--check'),
  },
  {
    name: 'docs/openapi.json',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-openapi.ts'), '--check'),
  },
  {
    name: 'rules, runbooks and dashboards',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-monitoring.ts'), '--check'),
  },
  {
    name: 'generated messages',
    findFaults: () => run(process.execPath, join(rootPath, 'scripts/generate-proto.ts'), '--check'),
  },
];

let failedCount = 0;
for (const step of steps) {
  const startMs = performance.now();
  const faults = await step.findFaults();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  if (faults.length > 0) {
    failedCount += 1;
  }
  process.stdout.write(`${faults.length > 0 ? 'failed' : 'ok    '} ${step.name} (${seconds} s)\n`);
  process.stdout.write(faults.map((fault) => `${fault.replaceAll(/^/gm, '    ')}\n`).join(''));
}
process.stdout.write(`${steps.length - failedCount} passed, ${failedCount} failed\n`);
if (failedCount > 0) {
  process.exitCode = 1;
}
