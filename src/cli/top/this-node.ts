/**
 * The sandboxes of this node, read from their shims, with those of a running `kata-metrics up`. Needs no monitor and no
 * container manager.
 */
import { openLocalNode } from '../../monitor/local-node.ts';
import { OptionError, parseOptions } from '../../options/index.ts';
import { defaultSandboxesRoots, type RootState } from '../../sandboxes/index.ts';
import { monitorOptionTable, toMonitorSettings } from '../../settings/monitor.ts';
import { CliError } from '../cli-error.ts';
import { describeUnreadable } from '../node-sandboxes.ts';
import { withRunningUps } from '../running-up.ts';
import type { NodeSource } from './node-source.ts';

export interface ThisNodeOptions {
  readonly sandboxesRoot: readonly string[];
  readonly runtimeEndpoint: string | undefined;
  /** Version of the package. */
  readonly version: string;
}

/** A person waits no longer. */
const TIMEOUT_MS = 5000;

/** @throws {CliError} when no root can be read */
export async function openThisNode({ sandboxesRoot, runtimeEndpoint, version }: ThisNodeOptions): Promise<NodeSource> {
  const roots = await withRunningUps(sandboxesRoot);
  const parsed = parseOptions(monitorOptionTable, [
    ...roots.map((root) => `--sandboxes-root=${root}`),
    ...(runtimeEndpoint === undefined ? [] : [`--runtime-endpoint=${runtimeEndpoint}`]),
  ]);
  if (parsed.kind !== 'values') {
    throw new OptionError('Cannot read the options of the monitor');
  }
  const node = await openLocalNode(toMonitorSettings(parsed.values), version);
  return {
    read: async (signal, detailId) => {
      const detailIds = detailId === undefined ? {} : { detailIds: new Set([detailId]) };
      const { snapshot, details } = await node.read({ timeoutMs: TIMEOUT_MS, signal, ...detailIds });
      checkRoots(node.roots(), roots === sandboxesRoot);
      return { snapshot, detail: detailId === undefined ? undefined : details.get(detailId) };
    },
    close: () => node.close(),
  };
}

/** `areGiven`: they are those of the command line. @throws {CliError} when none can be read */
export function checkRoots(roots: readonly RootState[], areGiven: boolean): void {
  const faults = roots.flatMap(({ root, look, code = 'unknown' }) => {
    const isMissing = look === 'missing' && !defaultSandboxesRoots.includes(root) && areGiven;
    return isMissing ? [{ root, code: 'ENOENT' }] : look === 'unreadable' ? [{ root, code }] : [];
  });
  if (faults.length > 0 && faults.length === roots.length) {
    throw new CliError(describeUnreadable(faults));
  }
}
