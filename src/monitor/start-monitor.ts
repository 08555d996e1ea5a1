/**
 * Assembles and starts the monitor: discovery, the client of the shims, the monitor's own metrics, the response of /metrics,
 * and the servers. Called by the program, by `kata-metrics up` and by tests.
 */
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Snapshot } from '../api/index.ts';
import { CountersReader } from '../cloud-hypervisor/index.ts';
import type { OtlpOptions, OtlpReading, RunningOtlp } from '../otlp/index.ts';
import { PacedWork } from '../program/index.ts';
import { nameSandboxFamilies } from '../sandbox-policy/index.ts';
import { Discovery, type DiscoveryChange, type RootState } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import type { OtlpSettings } from '../settings/otlp.ts';
import { ShimClient } from '../shim-client/index.ts';
import type { HandedOverSocket } from '../systemd/index.ts';
import type { ExporterMetrics, ExporterMetricsParts } from './answer/exporter-metrics.ts';
import { Lifecycle } from './answer/lifecycle.ts';
import type { Log } from './answer/log.ts';
import type { MetricsResponder, PlansNode } from './answer/metrics-responder.ts';
import { createNodeResponder, type ResponderParts } from './answer/node-responder.ts';
import { startOwnFamilies } from './answer/own-families.ts';
import { OwnMetrics } from './answer/own-metrics.ts';
import { Pods } from './answer/pods.ts';
import { toEnding } from './answer/to-ending.ts';
import { NodeReader } from './api/node-reader.ts';
import { SnapshotStream } from './api/snapshot-stream.ts';
import { planOwnDescriptors } from './descriptor-plan.ts';
import { EndedSandboxes } from './ended/ended-sandboxes.ts';
import { HostCheck } from './http/allowed-hosts.ts';
import { CountGate } from './http/count-gate.ts';
import { createGuard } from './http/create-guard.ts';
import { ListenError } from './http/listen.ts';
import { type Listener, openListener, planListeners, withPortOf } from './http/listeners.ts';
import { type PageParts, toProblem } from './http/pages/page.ts';
import { ScrapeGate } from './http/scrape-gate.ts';
import { requestSelf } from './http/self-request.ts';
import { closeServer, createServer } from './http/server.ts';
import { createCollector } from './scrape/create-collector.ts';

/** Fast enough for a person, and slow enough for rates: counters of CPU time have steps of 10 ms. */
const STREAM_INTERVAL_MS = 2000;

const NS_PER_MS = 1_000_000n;

/**
 * CPU time of the main thread, because other threads compress responses. Node.js before 22.19 reports only the whole
 * process.
 */
function readThreadCpuMs(): number {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}

/** Limit of concurrent requests for pages of profilers. */
const MAX_PROFILES = 2;

export interface MonitorOptions {
  readonly settings: MonitorSettings;
  /** Version of the package. */
  readonly version: string;
  readonly log: Log;
  /** Listening sockets that replace the addresses of the settings. */
  readonly openSockets?: readonly HandedOverSocket[];
  /** Creates the handler of /metrics. Default: that of all sandboxes of this node. */
  readonly createResponder?: (parts: ResponderParts) => MetricsResponder & PlansNode;
}

export interface RunningMonitor {
  /** The URL of the monitor, such as `http://127.0.0.1:8090` or `unix:///run/kata-monitor.sock`. */
  readonly url: string;
  /** The URL of the admin pages, when they have a separate address. */
  readonly adminUrl: string | undefined;
  /** Address of the page; undefined if no address serves it, or only sockets do. */
  readonly pageUrl: string | undefined;
  /**
   * The response of /metrics as text, for the caller in this process: sends no HTTP request and needs no password.
   * @throws the signal's reason
   */
  readMetrics(signal: AbortSignal): Promise<Buffer>;
  /**
   * The response of /api/v1/sandboxes, for the same caller; from the same collection, if it is requested together.
   * @throws the signal's reason
   */
  readSnapshot(signal: AbortSignal): Promise<Snapshot>;
  /** Reloads web.yml and its files and logs the outcome; false when there is no web.yml. */
  reload(): boolean;
  /** Lets requests in progress finish for a few seconds, then closes everything. */
  close(): Promise<void>;
}

/** Longer than the usual scrape of a full node, shorter than the timeout of a service manager. */
const CLOSE_GRACE_MS = 3000;

/**
 * Resolves when every sandboxes root has been read and the address responds.
 * @throws {ListenError} when an address cannot be listened on, or does not respond.
 * @throws {WebConfigError} when --web.config.file cannot be used.
 */
export async function startMonitor({
  settings,
  version,
  log,
  openSockets = [],
  createResponder = createNodeResponder,
}: MonitorOptions): Promise<RunningMonitor> {
  const guard = await createGuard(settings.webConfig, log);
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
  const chosen = planListeners({ settings, openSockets, knowsClients: guard?.knowsClients === true });
  const plan = await planOwnDescriptors(chosen.length);
  if (plan.shimConnections < 2 * settings.maxShimRequests) {
    log.warn({ ...plan }, 'Few file descriptors (ulimit -n): fewer shims are scraped concurrently');
  }
  const shimClient = new ShimClient({ maxConnections: plan.shimConnections });
  const ownMetrics = new OwnMetrics(
    () => discovery.list().length,
    () => discovery.excessCount,
  );
  const { states, events } = lifecycle;
  let otlp: RunningOtlp | undefined;
  const own = startOwnFamilies({
    ownMetrics,
    pods,
    events,
    version,
    hasGoFamilies: !settings.noGoCompat,
    collectMore: () => otlp?.collect() ?? [],
    log,
  });
  const work = new PacedWork();
  const hypervisorCounters = settings.noHypervisorCounters
    ? undefined
    : new CountersReader({ onProblem: (sandbox, message) => log.warn({ sandbox }, message) });
  const collector = createCollector({ settings, discovery, shimClient, work, hypervisorCounters });
  const collectOwn = own.collect;
  const exporters = await createExporters({ settings, discovery, shimClient, work, pods, log });
  const responder = createResponder({
    settings,
    discovery,
    collector,
    work,
    states,
    pods,
    exporters,
    collectOwn,
    ended,
    onResults: (results, durationMs) => stream.offer(() => reader.toSnapshot(results, durationMs)),
    log,
  });
  const naming = nameSandboxFamilies(settings.allowFamilyPrefix);
  const reader = new NodeReader({
    collector,
    discovery,
    pods,
    states,
    lastEventId: () => lifecycle.log.lastId,
    naming,
    version,
  });
  const stream = new SnapshotStream({
    reader,
    timeoutMs: settings.scrapeTimeoutMs,
    intervalMs: STREAM_INTERVAL_MS,
    cpuMs: readThreadCpuMs,
    onError: (error) => {
      log.error({ err: error }, 'Cannot read the sandboxes for the stream');
      return toProblem(500, 'The monitor cannot read the sandboxes: internal error, see its log');
    },
  });
  const parts: PageParts = {
    discovery,
    shimClient,
    responder,
    exporters,
    ownMetrics,
    scrapeGate: new ScrapeGate(settings, '/metrics'),
    profileGate: new CountGate(MAX_PROFILES, 'profiles'),
    api: {
      version,
      reader,
      stream,
      place: 'on this node',
      findSandboxId: async (name, signal) => {
        const sandboxes = await discovery.refresh(signal);
        return sandboxes.find(({ id }) => {
          const pod = name.kind === 'pod' ? pods.find(id) : undefined;
          return name.kind === 'pod' ? `${pod?.namespace}/${pod?.name}` === name.text : id === name.text;
        })?.id;
      },
      gate: new ScrapeGate(settings, '/api/v1'),
      streamGate: new CountGate(settings.webMaxRequests, '/api/v1/stream'),
    },
    events: {
      open: once(async () => {
        const { EventStream } = await import('./events/event-stream.ts');
        return new EventStream({ log: lifecycle.log, collections: stream });
      }),
      gate: new CountGate(settings.webMaxRequests, '/events'),
    },
    limits: settings,
  };
  const listeners = chosen.map((listener) => {
    const hostCheck = new HostCheck({ allowedHosts: settings.webAllowedHosts, address: listener.address });
    const server = createServer(listener.pages, parts, log, guard, hostCheck);
    server.maxConnections = Math.min(server.maxConnections, plan.clientConnections);
    return { listener, server };
  });
  const close = async (): Promise<void> => {
    stream.close();
    await otlp?.close();
    lifecycle.close();
    const cutOff = setTimeout(() => {
      for (const { server } of listeners) {
        server.closeAllConnections();
      }
      guard?.closeConnections();
    }, CLOSE_GRACE_MS);
    await Promise.all(listeners.map(({ server }) => closeServer(server)));
    clearTimeout(cutOff);
    await guard?.close();
    shimClient.close();
    discovery.close();
    ended?.close();
    pods.close();
    own.close();
  };
  const reload = (): boolean => {
    guard?.reload();
    return guard !== undefined;
  };
  const readMetrics = async (signal: AbortSignal): Promise<Buffer> => {
    const request = { accept: 'text/plain', encoding: undefined, timeoutMs: settings.scrapeTimeoutMs, signal };
    const { body } = await responder.respond(request);
    return Buffer.isBuffer(body) ? body : buffer(body);
  };
  const readSnapshot = async (signal: AbortSignal): Promise<Snapshot> =>
    (await reader.read({ timeoutMs: settings.scrapeTimeoutMs, signal })).snapshot;
  try {
    // Health is served before the roots have been read: a root may be slow.
    const looked = discovery.start().then(() => lifecycle.noteFirstLook());
    pods.start();
    const opened = ended?.take();
    const urls: Partial<Record<Listener['kind'], string>> = {};
    let pageUrl: string | undefined;
    for (const { server, listener } of listeners) {
      const url = await openListener(server, withPortOf(urls[listener.kind], listener), { settings, guard, log });
      if (url !== undefined) {
        urls[listener.kind] ??= url;
        // A browser cannot open a socket.
        pageUrl ??= listener.hasPage && !url.startsWith('unix:') ? url : undefined;
      }
    }
    await Promise.all([looked, opened]);
    await checkResponse(urls.main ?? urls.admin);
    guard?.limitRate();
    otlp =
      settings.otlp &&
      (await startPushing(settings.otlp, {
        version,
        log,
        work,
        read: (signal, finished) =>
          readForOtlp({ responder, reader, timeoutMs: settings.scrapeTimeoutMs, signal, finished }),
      }));
    const url = urls.main ?? urls.admin ?? '';
    return { url, adminUrl: urls.admin, pageUrl, readMetrics, readSnapshot, reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded only if exporters are configured. */
async function createExporters(parts: ExporterMetricsParts): Promise<ExporterMetrics | undefined> {
  if (parts.settings.guestExporters.length === 0) {
    return undefined;
  }
  const module = await import('./answer/exporter-metrics.ts');
  return new module.ExporterMetrics(parts);
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}

/** Loaded only if something is pushed. */
async function startPushing(settings: OtlpSettings, options: Omit<OtlpOptions, 'settings'>): Promise<RunningOtlp> {
  const { startOtlp } = await import('../otlp/index.ts');
  return startOtlp({ settings, ...options });
}

interface OtlpParts {
  readonly responder: PlansNode;
  readonly reader: NodeReader;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly finished: Promise<{ readonly isComplete: boolean }>;
}

/** Reads the content of the response of /metrics, and the start times of the sandboxes from the same collection. */
async function readForOtlp({ responder, reader, timeoutMs, signal, finished }: OtlpParts): Promise<OtlpReading> {
  // It gets the final values of ended sandboxes as every other scraper.
  const scraper = { key: 'otlp', finished };
  const [{ snapshot }, planned] = await Promise.all([
    reader.read({ timeoutMs, signal }),
    responder.readPlan({ timeoutMs, signal, scraper }),
  ]);
  return { ...planned, sandboxes: snapshot.sandboxes };
}

async function checkResponse(url: string | undefined): Promise<void> {
  try {
    await (url && requestSelf(url));
  } catch (error) {
    throw new ListenError(`Cannot get a response from "${url}": ${(error as Error).message}`);
  }
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

function createDiscovery(
  { sandboxesRoot, maxSandboxes }: MonitorSettings,
  log: Log,
  onChange: (change: DiscoveryChange) => void,
): Discovery {
  return new Discovery({
    roots: sandboxesRoot,
    maxSandboxes,
    onChange: (change) => {
      const { appeared, vanished } = change;
      log.debug(
        { appeared: appeared.map(({ id }) => id), vanished: vanished.map(({ id }) => id) },
        'Sandboxes changed',
      );
      onChange(change);
    },
    onRootState: (state, before) => logRootState(state, before, log),
    onExcess: (notAsked) => logExcess(notAsked, maxSandboxes, log),
  });
}

function logExcess(notAsked: number, maxSandboxes: number, log: Log): void {
  if (notAsked > 0) {
    log.warn({ notAsked, maxSandboxes }, 'More sandboxes than --max-sandboxes: the others are not scraped');
  } else {
    log.info({ maxSandboxes }, 'All sandboxes are scraped again');
  }
}

function logRootState(state: RootState, before: RootState | undefined, log: Log): void {
  const { root, look, code, watch } = state;
  if (look === 'unreadable') {
    log.warn({ root, code, problem: shortages[code ?? ''] }, 'Cannot read the sandboxes root');
  } else if (look !== before?.look) {
    log.info({ root }, look === 'read' ? 'Looking for sandboxes' : 'Sandboxes root does not exist yet');
  }
  if (watch?.kind === 'none') {
    log.warn(
      { root, code: watch.code, problem: watchShortages[watch.code] },
      'Cannot watch the sandboxes root: new sandboxes are found only by periodic reads',
    );
  } else if (watch !== undefined && before?.watch?.kind === 'none') {
    log.info({ root }, 'Watching the sandboxes root again');
  }
}

/** Shortages of this process and machine, by error code. */
const shortages: Readonly<Record<string, string>> = {
  EAGAIN: 'this machine has no resources left',
  EMFILE: 'this process has no file descriptor left',
  ENFILE: 'this machine has no file descriptor left',
  ENOMEM: 'this machine has no memory left',
};

/** inotify(7). */
const watchShortages: Readonly<Record<string, string>> = {
  ...shortages,
  EMFILE: 'this user has no inotify instance left (fs.inotify.max_user_instances), or this process no file descriptor',
  ENOSPC: 'this user has no inotify watch left (fs.inotify.max_user_watches)',
};
