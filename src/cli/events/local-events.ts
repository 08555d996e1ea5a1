/**
 * The events of this node, observed from now on, with those of a running `kata-metrics up`. Needs no monitor and no
 * container manager.
 */
import { type LocalEvents, openLocalEvents } from '../../monitor/local-events.ts';
import { parseOptions } from '../../options/index.ts';
import { toPrintable } from '../../program/index.ts';
import { monitorOptionTable, toMonitorSettings } from '../../settings/monitor.ts';
import { CliError } from '../cli-error.ts';
import { withRunningUps } from '../running-up.ts';
import { checkRoots } from '../top/this-node.ts';
import type { EventSelection, EventSource } from './event-source.ts';
import { MessageReader } from './message-reader.ts';

export interface ThisNodeOptions {
  readonly sandboxesRoot: readonly string[];
  readonly runtimeEndpoint: string | undefined;
  /** Version of the package. */
  readonly version: string;
}

/** @throws {CliError} when no root can be read */
export async function openEventsOfNode({
  sandboxesRoot,
  runtimeEndpoint,
  version,
}: ThisNodeOptions): Promise<EventSource> {
  const roots = await withRunningUps(sandboxesRoot);
  const parsed = parseOptions(monitorOptionTable, [
    ...roots.map((root) => `--sandboxes-root=${root}`),
    ...(runtimeEndpoint === undefined ? [] : [`--runtime-endpoint=${runtimeEndpoint}`]),
  ]);
  if (parsed.kind !== 'values') {
    throw new CliError('Cannot read the options of the monitor');
  }
  const node: LocalEvents = await openLocalEvents(toMonitorSettings(parsed.values), version, (error) =>
    process.stderr.write(toPrintable(`Cannot read the sandboxes: ${String(error)}\n`)),
  );
  try {
    checkRoots(node.roots(), roots === sandboxesRoot);
  } catch (error) {
    node.close();
    throw error;
  }
  return {
    list: async (selection, signal) => JSON.parse(await node.list({ ...toRequest(selection), signal })),
    stream: async function* (selection, signal) {
      const reader = new MessageReader();
      for await (const piece of node.stream({ ...toRequest(selection), isFollowing: true, signal })) {
        yield* reader.push(piece);
      }
    },
    close: () => node.close(),
  };
}

function toRequest({ kinds, namespaces, pods, sandboxes, form }: EventSelection) {
  return {
    filter: {
      kinds: new Set(kinds),
      namespaces: new Set(namespaces),
      pods: new Set(pods),
      sandboxes: new Set(sandboxes),
    },
    form,
  };
}
