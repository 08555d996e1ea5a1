/**
 * Writes docs/metrics.md from the catalog: `node scripts/generate-metrics-doc.ts`. With `--check` it writes nothing and
 * fails when the file differs from what it would write; scripts/check.ts runs it so.
 */
import {
  type CadvisorFamily,
  type Component,
  cadvisorFamilies,
  catalog,
  type FamilyDefinition,
  sandboxErrorReasons,
} from '../src/catalog/index.ts';
import { writeGeneratedFiles } from './generated-files.ts';

type Row = readonly [name: string, family: FamilyDefinition];

const rows: readonly Row[] = Object.entries(catalog);

/** src/derived-metrics/shim-runtime.ts detects the runtime. */
const sandboxIntroduction = `The state of each sandbox during the scrape, and metrics in base units that the monitor derives from the body of its shim. A
profile or a filter that omits their sources does not change them. They mean the same with every runtime. The monitor detects the
runtime from the body: \`kata_shim_agent_up\` or \`kata_shim_nodejs_*\` mean kata-shim; otherwise \`go_info\`, \`go_goroutines\` or
\`go_threads\` mean the Go runtime; otherwise the runtime is runtime-rs. The shim of the Go runtime reports \`*_proc_status\` in bytes,
the others in KiB. With runtime-rs, the families of a hypervisor process are absent if hypervisor and shim are one process. From a
truncated body, the monitor uses only the complete parts.

All of it:`;

/** The components in the order of the document, each with its title and the introduction of its table. */
const chapters: readonly (readonly [component: Component, title: string, introduction: string])[] = [
  ['agent', 'Agent', 'The process of the guest agent, measured in the guest at each request.'],
  ['guest', 'Guest', 'The operating system of the guest, from its /proc.'],
  ['hypervisor', 'Hypervisor', 'The process of the virtual machine, measured on the host.'],
  ['virtiofsd', 'virtiofsd', 'The process that shares files with the guest, if the sandbox has one.'],
  [
    'firecracker',
    'Firecracker',
    "Firecracker's own metrics, only in sandboxes with this hypervisor. Additional groups of newer releases become families by the same rule.",
  ],
  ['shim', 'Shim', 'The shim of one sandbox: its process, its calls, and the cost of the sandbox beyond its workload.'],
  ['sandbox', 'Sandbox', sandboxIntroduction],
  ['monitor', 'Monitor', 'The metrics of kata-monitor itself, without labels of a sandbox.'],
];

const opening = `# Metrics

\`npm run generate\` generates this file from src/catalog. Do not edit it.

A row with ● is promised: its name, type, unit, labels and the start of its HELP stay as dashboards for Kata Containers use them. Of
the %total% families, %promised% are promised; the others are additions.

kata-monitor adds four labels to every family of a sandbox. The tables do not repeat them: \`sandbox_id\`, \`cri_uid\`, \`cri_name\` and
\`cri_namespace\`. If the kernel does not report a value, the sample is absent, never 0.
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
    'Why metrics of a sandbox are missing: the values of `reason` of `kata_sandbox_scrape_error`,',
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
    '`/metrics/cadvisor` serves these families for the containers of Kata sandboxes, with the names and labels of cAdvisor. All have',
    '`namespace`, `pod`, `container`, `image`, `id` and `name`; `id` and `name` are the id of the container. If CRI reports no',
    'value, the sample is absent.',
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
  if (unlisted.length > 0) {
    throw new RangeError(`Cannot place these families in a chapter: ${unlisted.join(', ')}`);
  }
  const promisedCount = rows.filter(([, family]) => family.isContract).length;
  const first = opening.replace('%total%', `${rows.length}`).replace('%promised%', `${promisedCount}`);
  return [first, ...chapters.map((parts) => chapter(...parts)), cadvisorChapter(), reasonsChapter()].join('\n');
}

writeGeneratedFiles(new Map([['docs/metrics.md', renderDocument()]]), 'src/catalog');
