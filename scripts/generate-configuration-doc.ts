/**
 * Writes docs/configuration.md from the programs' option tables: `node scripts/generate-configuration-doc.ts`. With
 * `--check` it writes nothing and fails when the file differs from what it would write; scripts/check.ts runs it so.
 */
import type { OptionSpec } from '../src/options/index.ts';
import { writeGeneratedFiles } from './generated-files.ts';
import { programs } from './programs.ts';

/** The programs in the order of the document, each with what there is to know before its table. */
const chapters = programs.flatMap(({ name, about, commands }) =>
  commands.map((command) => ({
    title: [name, command.name ?? []].flat().join(' '),
    introduction: command.name === undefined ? about : command.about,
    options: command.options,
  })),
);

const opening = `# Configuration

This file is generated from the option tables in src by \`npm run generate\`; edit those, not this.

Flags have two dashes or one; a value follows after \`=\` or a blank. Durations are written as in Go programs: \`500ms\`,
\`3s\`, \`1m30s\`. A flag that is unknown or outside of its limits ends the program with exit code 2, and a line that names it.
Every program also has \`--help\` and \`--version\`.

Each flag of kata-monitor can be given as an environment variable too: \`KATA_MONITOR_LISTEN_ADDRESS\` for
\`--listen-address\`, \`KATA_MONITOR_WEB_CONFIG_FILE\` for \`--web.config.file\`. The command line comes first. Values of a flag
that is repeatable are separated by commas, a flag without a value is \`true\` or \`false\`, and an empty variable counts as none.

[profiles.md](profiles.md) says what each \`--metrics.profile\` has and costs, which parameters a request for /metrics may have,
and what a sandbox loses at each limit.
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

function formatChapter({ title, introduction, options }: (typeof chapters)[number]): string {
  return [
    `## ${title}`,
    '',
    introduction,
    '',
    '| Flag | Value | Default | Limits | Meaning |',
    '|---|---|---|---|---|',
    ...Object.entries(options).map(tableRow),
    '',
  ].join('\n');
}

const text = [opening, ...chapters.map(formatChapter)].join('\n');

writeGeneratedFiles(new Map([['docs/configuration.md', text]]), 'the option tables');
