/**
 * `kata-metrics ls`: the sandboxes of this node.
 */

import type { OptionValues } from '../options/index.ts';
import { toPrintable, toPrintableJson } from '../program/index.ts';
import type { Sandbox } from '../sandboxes/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { CliError } from './cli-error.ts';
import { findSandboxes } from './find-sandbox.ts';
import { type NodePods, readPods } from './node-pods.ts';
import {
  describeUnreadable,
  listSandboxes,
  readStatus,
  type SandboxState,
  type SandboxStatus,
} from './node-sandboxes.ts';
import { paint } from './paint.ts';
import { withRunningUps } from './running-up.ts';
import { formatAge, formatTable } from './table.ts';

/** Maximum number of concurrent requests to shims. */
const MAX_REQUESTS = 32;

type LsValues = OptionValues<typeof cliCommands.ls.options>;

/**
 * `beginning`: prefix of ids, or of pods' namespace/name; undefined for all.
 * @throws {CliError} when no sandbox matches, and, after the sandboxes of the other roots are printed, when a root cannot be
 * read
 */
export async function ls(beginning: string | undefined, values: LsValues): Promise<void> {
  const roots = await withRunningUps(values.sandboxesRoot);
  const [node, pods] = await Promise.all([listSandboxes(roots), readPods(values.runtimeEndpoint)]);
  const { unreadable } = node;
  const sandboxes = beginning === undefined ? node.sandboxes : findSandboxes(beginning, node, pods);
  const isSilent = sandboxes.length === 0 && unreadable.length > 0 && values.output === 'text';
  if (!isSilent) {
    await print(sandboxes, pods, values);
  }
  if (unreadable.length > 0) {
    throw new CliError(describeUnreadable(unreadable));
  }
}

async function print(
  sandboxes: readonly Sandbox[],
  { pods }: NodePods,
  { sandboxesRoot, output }: LsValues,
): Promise<void> {
  const statuses: SandboxStatus[] = [];
  for (let i = 0; i < sandboxes.length; i += MAX_REQUESTS) {
    statuses.push(...(await Promise.all(sandboxes.slice(i, i + MAX_REQUESTS).map(readStatus))));
  }
  if (output === 'json') {
    const rows = statuses.map(({ sandbox: { id, root, runtime }, state, ageSeconds }) => ({
      id,
      namespace: pods.get(id)?.namespace ?? null,
      pod: pods.get(id)?.name ?? null,
      uid: pods.get(id)?.uid ?? null,
      state,
      ageSeconds: ageSeconds === undefined ? null : Math.floor(ageSeconds),
      root,
      runtime: runtime ?? null,
    }));
    process.stdout.write(`${toPrintableJson(rows, 2)}\n`);
    return;
  }
  if (statuses.length === 0) {
    process.stderr.write(toPrintable(`No sandboxes in ${sandboxesRoot.map((root) => `"${root}"`).join(' or ')}\n`));
    return;
  }
  // Without a container manager, as on a machine without Kubernetes, the columns would have only dashes.
  const hasPods = statuses.some(({ sandbox }) => pods.has(sandbox.id));
  const rows = statuses.map(({ sandbox, state, ageSeconds }) => {
    const pod = pods.get(sandbox.id);
    const names = hasPods ? [pod?.namespace ?? '-', pod?.name ?? '-'] : [];
    return [sandbox.id, state, formatAge(ageSeconds), ...names, sandbox.root];
  });
  const header = ['SANDBOX', 'STATE', 'AGE', ...(hasPods ? ['NAMESPACE', 'POD'] : []), 'ROOT'];
  const table = formatTable(header, rows, new Set([2]));
  process.stdout.write(paintStates(table, statuses));
}

const colours: Readonly<Record<SandboxState, 'green' | 'red' | 'yellow'>> = {
  running: 'green',
  booting: 'yellow',
  starting: 'yellow',
  paused: 'yellow',
  'guest-unresponsive': 'red',
  stale: 'red',
  denied: 'red',
  unresponsive: 'red',
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
