/**
 * Writes docs/metrics.md from the catalog: `node scripts/generate-metrics-doc.ts`. With `--check` it writes nothing and
 * fails when the file differs from what it would write; scripts/check.ts runs it so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CadvisorFamily,
  type Component,
  cadvisorFamilies,
  catalog,
  type FamilyDefinition,
  sandboxErrorReasons,
} from '../src/catalog/index.ts';

type Row = readonly [name: string, family: FamilyDefinition];

const docPath = join(import.meta.dirname, '../docs/metrics.md');
const rows: readonly Row[] = Object.entries(catalog);

/** Who makes which units is src/derived-metrics/shim-runtime.ts. */
const sandboxIntroduction = `What the monitor learns of a sandbox by asking for its figures, and the figures in base units that
it works out from the answer; a profile or a filter that leaves out their sources does not change these. They mean the same
whoever made the shim, which is told from the answer itself: one with \`kata_shim_agent_up\` or \`kata_shim_nodejs_*\` is ours,
else one with \`go_info\`, \`go_goroutines\` or \`go_threads\` of the Go runtime, else it is of runtime-rs. The Go runtime's shim
gives \`*_proc_status\` in bytes, the others in KiB; with runtime-rs, families of a hypervisor process are missing where
hypervisor and shim are one. Of an answer that stopped half way, only what is known to be whole is used.

All of it:`;

/** The components in the order of the document, each with its title and what there is to know before its table. */
const chapters: readonly (readonly [component: Component, title: string, introduction: string])[] = [
  ['agent', 'Agent', 'The guest agent about its own process. Measured in the guest, when asked.'],
  ['guest', 'Guest', 'The operating system of the guest, from its /proc.'],
  ['hypervisor', 'Hypervisor', 'The process of the virtual machine, seen from the host.'],
  ['virtiofsd', 'virtiofsd', 'The process that shares files with the guest, where a sandbox has one.'],
  [
    'firecracker',
    'Firecracker',
    "Firecracker's own figures, only in sandboxes whose hypervisor it is. Groups that a newer release has beside these become families by the same rule.",
  ],
  ['shim', 'Shim', 'The shim of one sandbox: its process, its calls, and what the sandbox costs beside its workload.'],
  ['sandbox', 'Sandbox', sandboxIntroduction],
  ['monitor', 'Monitor', 'kata-monitor about itself. These carry no labels of a sandbox.'],
];

const opening = `# Metrics

This file is generated from src/catalog by \`npm run generate\`; edit that, not this.

A row marked with ● is promised: its name, type, unit, labels and the start of its HELP stay as dashboards for Kata
Containers know them. Of the %total% families, %promised% are promised; the others are additions.

kata-monitor puts four labels on every family of a sandbox, so they are not repeated below: \`sandbox_id\`, \`cri_uid\`,
\`cri_name\` and \`cri_namespace\`. A figure that the kernel at hand does not have is left out; it is never shown as 0.
`;

/** Text as a cell of a table, where a bar would end the cell, angle brackets be HTML and stars emphasis. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function labelsCell({ labels, someLabels = {} }: FamilyDefinition): string {
  const always = Object.keys(labels).map((name) => `\`${name}\``);
  const sometimes = Object.keys(someLabels).map((name) => `\`${name}\` (some)`);
  return [...always, ...sometimes].join(', ');
}

function tableRow([name, family]: Row): string {
  const mark = family.isContract ? '●' : '';
  const former = family.formerName === undefined ? '' : `, also as \`${family.formerName}\``;
  const cells = [mark, `\`${name}\`${former}`, family.type, family.unit ?? '', labelsCell(family)];
  return `| ${[...cells, cell(family.help), cell(family.value), cell(family.source)].join(' | ')} |`;
}

/** The known values of a family's labels; nothing for those only known on the spot, and for reasons: they have a chapter. */
function valueLines([name, family]: Row): string[] {
  const closed = Object.entries(family.labels).filter(([label, values]) => values.length > 0 && label !== 'reason');
  return closed.map(([label, values]) => {
    return `- \`${name}\`, \`${label}\`: ${values.map((value) => `\`${value}\``).join(', ')}`;
  });
}

function chapter(component: Component, title: string, introduction: string): string {
  const own = rows.filter(([, family]) => family.component === component).sort(([a], [b]) => (a < b ? -1 : 1));
  const promisedCount = own.filter(([, family]) => family.isContract).length;
  const values = own.flatMap(valueLines);
  return [
    `## ${title}`,
    '',
    `${introduction} ${own.length} families, ${promisedCount} of them promised.`,
    '',
    '|   | Name | Type | Unit | Labels | HELP | Value | Source |',
    '|---|---|---|---|---|---|---|---|',
    ...own.map(tableRow),
    ...(values.length > 0 ? ['', 'Known values of the labels:', '', ...values] : []),
    '',
  ].join('\n');
}

function reasonsChapter(): string {
  const reasons = Object.entries(sandboxErrorReasons).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '## Reasons',
    '',
    'Why figures of a sandbox are missing: the values of `reason` of `kata_sandbox_scrape_error`,',
    '`kata_sandbox_dropped_samples` and `kata_monitor_sandbox_scrape_errors_total`.',
    '',
    '| Reason | Meaning |',
    '|---|---|',
    ...reasons.map(([reason, meaning]) => `| \`${reason}\` | ${cell(meaning)} |`),
    '',
  ].join('\n');
}

function cadvisorChapter(): string {
  const families: [string, CadvisorFamily][] = Object.entries(cadvisorFamilies);
  return [
    '## For dashboards of cAdvisor',
    '',
    'What `/metrics/cadvisor` answers, for the containers of Kata sandboxes: names and labels as cAdvisor has them. All have',
    '`namespace`, `pod`, `container`, `image`, `id` and `name`; `id` and `name` are the id of the container. Where CRI has no',
    'number there is no sample.',
    '',
    '| Name | Type | Unit | Labels | HELP | Value | Source |',
    '|---|---|---|---|---|---|---|',
    ...families.map(([name, { type, unit = '', labels, help, value, source }]) => {
      const more = labels.map((label) => `\`${label}\``).join(', ');
      return `| ${[`\`${name}\``, type, unit, more, cell(help), cell(value), cell(source)].join(' | ')} |`;
    }),
    '',
  ].join('\n');
}

function renderDocument(): string {
  const listed: readonly Component[] = chapters.map(([component]) => component);
  const unlisted = rows.filter(([, family]) => !listed.includes(family.component)).map(([name]) => name);
  if (unlisted.length > 0) throw new RangeError(`Cannot place these families in a chapter: ${unlisted.join(', ')}`);
  const promisedCount = rows.filter(([, family]) => family.isContract).length;
  const first = opening.replace('%total%', `${rows.length}`).replace('%promised%', `${promisedCount}`);
  return [first, ...chapters.map((parts) => chapter(...parts)), cadvisorChapter(), reasonsChapter()].join('\n');
}

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
  writeFileSync(docPath, renderDocument());
} else if (readCommitted() !== renderDocument()) {
  process.stderr.write('docs/metrics.md differs from src/catalog, run "npm run generate"\n');
  process.exitCode = 1;
}
