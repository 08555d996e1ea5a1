/**
 * Observes the sandboxes of this node without a server, for `kata-metrics events`: the same discovery, collector and
 * events as those of the monitor.
 */
import { PacedWork } from '../program/index.ts';
import { nameSandboxFamilies } from '../sandbox-policy/index.ts';
import { Discovery, type RootState } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import { ShimClient } from '../shim-client/index.ts';
import { Lifecycle } from './answer/lifecycle.ts';
import { createLog } from './answer/log.ts';
import { Pods } from './answer/pods.ts';
import { NodeReader } from './api/node-reader.ts';
import { SnapshotStream } from './api/snapshot-stream.ts';
import { EventStream } from './events/event-stream.ts';
import type { ServesEvents } from './events/serves-events.ts';
import { createCollector } from './scrape/create-collector.ts';

export type { EventFilter, EventForm, EventsRequest } from './events/serves-events.ts';

export interface LocalEvents extends ServesEvents {
  roots(): readonly RootState[];
  close(): void;
}

/** Time from the beginning of a collection to the beginning of the next one. */
const INTERVAL_MS = 2000;

/**
 * Resolves when the sandboxes have been found once, and the container manager is known to respond, or not to. Writes no log.
 * `onError`: called for a collection that failed, which is a bug.
 */
export async function openLocalEvents(
  settings: MonitorSettings,
  version: string,
  onError: (error: unknown) => void,
): Promise<LocalEvents> {
  const log = createLog({ level: 'panic', format: 'text' });
  const { criSocketPaths, podLabels, sandboxesRoot, maxSandboxes } = settings;
  const { eventsMaxCount: maxEvents, eventsMaxBytes: maxBytes, scrapeTimeoutMs: timeoutMs } = settings;
  const lifecycle: Lifecycle = new Lifecycle({ maxEvents, maxBytes, findPod: (id) => pods.find(id) });
  const pods = new Pods({
    socketPaths: criSocketPaths,
    podLabels,
    log,
    onNamed: (id) => lifecycle.noteNamed(discovery.find(id)),
  });
  const discovery: Discovery = new Discovery({
    roots: sandboxesRoot,
    maxSandboxes,
    onChange: (change) => {
      lifecycle.noteChange(change);
      pods.setSandboxes(discovery.list());
    },
  });
  const shimClient = new ShimClient();
  const collector = createCollector({ settings, discovery, shimClient, work: new PacedWork() });
  const naming = nameSandboxFamilies(settings.allowFamilyPrefix);
  const reader = new NodeReader({ collector, discovery, pods, states: lifecycle.states, naming, version });
  const collections = new SnapshotStream({
    reader,
    timeoutMs,
    intervalMs: INTERVAL_MS,
    onError: (error) => {
      onError(error);
      return { title: 'Error', status: 500, detail: String(error) };
    },
  });
  await pods.link.check();
  await discovery.start();
  lifecycle.noteFirstLook();
  const events = new EventStream({ log: lifecycle.log, collections });
  return {
    stream: (request) => events.stream(request),
    list: (request) => events.list(request),
    roots: () => discovery.roots(),
    close: () => {
      collections.close();
      lifecycle.close();
      shimClient.close();
      discovery.close();
      pods.close();
    },
  };
}
