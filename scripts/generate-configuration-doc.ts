/**
 * Writes docs/configuration.md from the programs' option tables: `node scripts/generate-configuration-doc.ts`. With
 * `--check` it writes nothing and fails when the file differs from what it would write; scripts/check.ts runs it so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OptionSpec, OptionTable } from '../src/options/index.ts';
import { agentOptions } from '../src/settings/agent.ts';
import { cliCommands } from '../src/settings/cli.ts';
import { monitorOptionTable } from '../src/settings/monitor.ts';
import { attachOptions, runOptions } from '../src/settings/shim.ts';

const docPath = join(import.meta.dirname, '../docs/configuration.md');

/** The programs in the order of the document, each with what there is to know before its table. */
const chapters: readonly (readonly [program: string, introduction: string, table: OptionTable])[] = [
  [
    'kata-monitor',
    'Runs once on a node. Needs to be allowed to connect to the sockets of the shims: root, as a rule.',
    monitorOptionTable,
  ],
  [
    'kata-shim attach',
    'Runs on the host, once for each sandbox, beside an agent and a hypervisor that are there already.',
    attachOptions,
  ],
  ['kata-shim run', 'Starts the pieces of a sandbox itself, and ends them.', runOptions],
  ['kata-agent', 'Runs in the guest.', agentOptions],
  ...Object.entries(cliCommands).map(([name, { about, options }]) => [`kata-metrics ${name}`, about, options] as const),
];

const opening = `# Configuration

This file is generated from the option tables in src by \`npm run generate\`; edit those, not this.

Flags have two dashes or one; a value follows behind \`=\` or a blank. Durations are written as in Go programs: \`500ms\`,
\`3s\`, \`1m30s\`. A flag that is unknown or out of its bounds ends the program with exit code 2, and a line that says which.
Every program also has \`--help\` and \`--version\`.

[profiles.md](profiles.md) says what each \`--metrics.profile\` has and costs, which parameters a request for /metrics may have,
and what a sandbox loses at each bound.
`;

function tableRow([name, spec]: readonly [string, OptionSpec]): string {
  return `| \`--${name}\` | ${typeCell(spec)} | ${defaultCell(spec)} | ${boundsCell(spec)} | ${cell(spec.help)} |`;
}

/** Text as a cell of a table, where a bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function typeCell(spec: OptionSpec): string {
  const type = spec.kind === 'flag' || spec.value === undefined ? spec.kind : spec.value;
  return spec.kind === 'list' ? `${type}, repeatable` : type;
}

function defaultCell(spec: OptionSpec): string {
  if (spec.kind === 'flag') {
    return 'off';
  }
  if (spec.default === undefined) {
    return 'isRequired' in spec && spec.isRequired ? 'required' : 'none';
  }
  const values = Array.isArray(spec.default) ? spec.default : [spec.default];
  return values.map((value) => `\`${value}\``).join(' ');
}

function boundsCell(spec: OptionSpec): string {
  if (spec.kind === 'integer') {
    return `${spec.min} to ${spec.max}${spec.unit === undefined ? '' : ` ${spec.unit}`}`;
  }
  if (spec.kind === 'duration') {
    return `${spec.min} to ${spec.max}`;
  }
  return spec.kind === 'text' && spec.choices !== undefined ? spec.choices.join(', ') : '';
}

function chapter(program: string, introduction: string, table: OptionTable): string {
  return [
    `## ${program}`,
    '',
    introduction,
    '',
    '| Flag | Value | Default | Bounds | Meaning |',
    '|---|---|---|---|---|',
    ...Object.entries(table).map(tableRow),
    '',
  ].join('\n');
}

const text = [opening, ...chapters.map((parts) => chapter(...parts))].join('\n');

/** The text of the committed document, empty when there is none. */
function readCommitted(): string {
  try {
    return readFileSync(docPath, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

if (!process.argv.includes('--check')) {
  writeFileSync(docPath, text);
} else if (readCommitted() !== text) {
  process.stderr.write('docs/configuration.md differs from the option tables, run "npm run generate"\n');
  process.exitCode = 1;
}
