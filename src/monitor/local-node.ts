/**
 * Reads the sandboxes of this node without a server, for `kata-metrics top`: the same discovery, collector and objects as
 * the API of the monitor.
 */
import { PacedWork } from '../program/index.ts';
import { nameSandboxFamilies } from '../sandbox-policy/index.ts';
import { Discovery, type RootState } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import { ShimClient } from '../shim-client/index.ts';
import { createLog } from './answer/log.ts';
import { Pods } from './answer/pods.ts';
import { SandboxStates } from './answer/sandbox-states.ts';
import { NodeReader } from './api/node-reader.ts';
import type { ReadsNode } from './api/read-node.ts';
import { createCollector } from './scrape/create-collector.ts';

export type { NodeReading, ReadNodeRequest, ReadsNode } from './api/read-node.ts';

export interface LocalNode extends ReadsNode {
  roots(): readonly RootState[];
  close(): void;
}

/** Resolves when the container manager is known to respond, or not to. Writes no log. */
export async function openLocalNode(settings: MonitorSettings, version: string): Promise<LocalNode> {
  const log = createLog({ level: 'panic', format: 'text' });
  const { criSocketPaths, podLabels, sandboxesRoot, maxSandboxes } = settings;
  const pods = new Pods({ socketPaths: criSocketPaths, podLabels, log });
  const discovery: Discovery = new Discovery({
    roots: sandboxesRoot,
    maxSandboxes,
    onChange: () => pods.setSandboxes(discovery.list()),
  });
  const shimClient = new ShimClient();
  const collector = createCollector({ settings, discovery, shimClient, work: new PacedWork() });
  const naming = nameSandboxFamilies(settings.allowFamilyPrefix);
  const reader = new NodeReader({ collector, discovery, pods, states: new SandboxStates(), naming, version });
  await pods.link.check();
  return {
    read: (request) => reader.read(request),
    roots: () => discovery.roots(),
    close: () => {
      shimClient.close();
      discovery.close();
      pods.close();
    },
  };
}
