/**
 * What the monitor follows between scrapes: the sandboxes of the node, their pods, their events and states, and the final
 * values of those that have ended. Created by `start-monitor.ts`; each of the parts notifies the others of changes.
 */
import { resolve } from 'node:path';
import type { Discovery } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import { Lifecycle } from './answer/lifecycle.ts';
import type { Log } from './answer/log.ts';
import { Pods } from './answer/pods.ts';
import { toEnding } from './answer/to-ending.ts';
import { createDiscovery } from './create-discovery.ts';
import { EndedSandboxes } from './ended/ended-sandboxes.ts';

const NS_PER_MS = 1_000_000n;

export interface WatchedNode {
  readonly discovery: Discovery;
  readonly pods: Pods;
  readonly lifecycle: Lifecycle;
  /** Undefined when the option --last-words is off. */
  readonly ended: EndedSandboxes | undefined;
  /** Resolves when every sandboxes root has been read, and the final values that the shims have left. */
  start(): Promise<void>;
  close(): void;
}

export function createWatchedNode(settings: MonitorSettings, log: Log): WatchedNode {
  const { eventsMaxCount: maxEvents, eventsMaxBytes: maxBytes } = settings;
  const lifecycle: Lifecycle = new Lifecycle({
    maxEvents,
    maxBytes,
    findPod: (id) => pods.find(id),
    hasEndings: settings.lastWords === 'on',
  });
  const pods = new Pods({
    socketPaths: settings.criSocketPaths,
    podLabels: settings.podLabels,
    log,
    onNamed: (id) => lifecycle.noteNamed(discovery.find(id)),
  });
  const isListed = (id: string): boolean => discovery.find(id) !== undefined;
  const ended = settings.lastWords === 'on' ? createEnded(settings, pods, isListed, log) : undefined;
  ended?.onFinal((final) => lifecycle.noteEnding(toEnding(final), discovery.find(final.words.sandboxId)));
  const discovery: Discovery = createDiscovery(settings, log, (change) => {
    lifecycle.noteChange(change);
    ended?.noteChange(change);
    pods.setSandboxes(discovery.list());
  });
  return {
    discovery,
    pods,
    lifecycle,
    ended,
    start: async () => {
      const looked = discovery.start().then(() => lifecycle.noteFirstLook());
      pods.start();
      await Promise.all([looked, ended?.take()]);
    },
    close: () => {
      discovery.close();
      ended?.close();
      pods.close();
    },
  };
}

function createEnded(
  { sandboxesRoot, stateDirectory }: MonitorSettings,
  pods: Pods,
  isListed: (sandboxId: string) => boolean,
  log: Log,
): EndedSandboxes {
  return new EndedSandboxes({
    sandboxesRoots: sandboxesRoot.map((root) => resolve(root)),
    stateDirectory,
    isListed,
    podOf: (id) => {
      const { runtimeHandler = '', createdNs } = pods.find(id) ?? {};
      const createdMs = createdNs === undefined ? undefined : Number(createdNs / NS_PER_MS);
      return { labels: pods.labelsOf(id), runtimeHandler, createdMs };
    },
    log,
  });
}
