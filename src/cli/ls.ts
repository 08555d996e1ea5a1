/**
 * `kata-metrics ls`: the sandboxes of this node.
 */
import type { Sandbox } from '../monitor/index.ts';
import type { OptionValues } from '../options/index.ts';
import { CliError } from './cli-error.ts';
import type { cliCommands } from './commands.ts';
import { listSandboxes, readStatus, type SandboxState, type SandboxStatus } from './node-sandboxes.ts';
import { paint } from './paint.ts';
import { formatAge, formatTable } from './table.ts';

/** Shims asked at the same time. */
const MAX_ASKED = 32;

/** @throws {CliError} when a root cannot be read; what was found in the others has been printed by then */
export async function ls(values: OptionValues<typeof cliCommands.ls.options>): Promise<void> {
  const { sandboxes, unreadable } = await listSandboxes(values.sandboxesRoot);
  const isSilent = sandboxes.length === 0 && unreadable.length > 0 && values.output === 'text';
  if (!isSilent) {
    await print(sandboxes, values);
  }
  if (unreadable.length > 0) {
    const roots = unreadable.map(({ root, code }) => `"${root}" (${code})`).join(' and ');
    throw new CliError(`Cannot read the sandboxes in ${roots}`);
  }
}

async function print(
  sandboxes: readonly Sandbox[],
  { sandboxesRoot, output }: OptionValues<typeof cliCommands.ls.options>,
): Promise<void> {
  const statuses: SandboxStatus[] = [];
  for (let i = 0; i < sandboxes.length; i += MAX_ASKED) {
    statuses.push(...(await Promise.all(sandboxes.slice(i, i + MAX_ASKED).map(readStatus))));
  }
  if (output === 'json') {
    const rows = statuses.map(({ sandbox: { id, root, runtime }, state, ageSeconds }) => ({
      id,
      state,
      ageSeconds: ageSeconds === undefined ? null : Math.floor(ageSeconds),
      root,
      runtime: runtime ?? null,
    }));
    process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  if (statuses.length === 0) {
    process.stderr.write(`No sandboxes in ${sandboxesRoot.map((root) => `"${root}"`).join(' or ')}\n`);
    return;
  }
  const rows = statuses.map(({ sandbox, state, ageSeconds }) => [
    sandbox.id,
    state,
    formatAge(ageSeconds),
    sandbox.root,
  ]);
  const table = formatTable(['SANDBOX', 'STATE', 'AGE', 'ROOT'], rows, new Set([2]));
  process.stdout.write(paintStates(table, statuses));
}

const colours: Readonly<Record<SandboxState, 'green' | 'red' | 'yellow'>> = {
  running: 'green',
  starting: 'yellow',
  stale: 'red',
  denied: 'red',
  hung: 'red',
  broken: 'red',
};

function paintStates(table: string, statuses: readonly SandboxStatus[]): string {
  const [header = '', ...lines] = table.split('\n');
  const painted = lines.map((line, i) => {
    const state = statuses[i]?.state;
    return state === undefined ? line : line.replace(` ${state}`, ` ${paint(colours[state], state, process.stdout)}`);
  });
  return [header, ...painted].join('\n');
}
