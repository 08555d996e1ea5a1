/**
 * Assembles and starts the monitor: what it follows of the node, what reads the sandboxes, its own metrics, and the servers.
 * Called by the program, by `kata-metrics up` and by tests.
 */
import { buffer } from 'node:stream/consumers';
import type { Snapshot } from '../api/index.ts';
import type { OtlpReading, RunningOtlp } from '../otlp/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import { ShimClient } from '../shim-client/index.ts';
import type { HandedOverSocket } from '../systemd/index.ts';
import type { Log } from './answer/log.ts';
import type { MetricsResponder, PlansNode } from './answer/metrics-responder.ts';
import { createNodeResponder } from './answer/node-responder.ts';
import { startOwnFamilies } from './answer/own-families.ts';
import { OwnMetrics } from './answer/own-metrics.ts';
import type { ResponderParts } from './answer/responder-parts.ts';
import type { NodeReader } from './api/node-reader.ts';
import { planOwnDescriptors } from './descriptor-plan.ts';
import { createGuard } from './http/create-guard.ts';
import { ListenError } from './http/listen.ts';
import { planListeners } from './http/listeners.ts';
import { requestSelf } from './http/self-request.ts';
import { WebServers } from './http/web-servers.ts';
import { createNodeReaders, type NodeReaders } from './node-readers.ts';
import { createPageParts } from './page-parts.ts';
import { createWatchedNode } from './watched-node.ts';

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
  const node = createWatchedNode(settings, log);
  const { discovery, pods, lifecycle } = node;
  const listeners = planListeners({ settings, openSockets, knowsClients: guard?.knowsClients === true });
  const plan = await planOwnDescriptors(listeners.length);
  if (plan.shimConnections < 2 * settings.maxShimRequests) {
    log.warn({ ...plan }, 'Few file descriptors (ulimit -n): fewer shims are scraped concurrently');
  }
  const shimClient = new ShimClient({ maxConnections: plan.shimConnections });
  const ownMetrics = new OwnMetrics(
    () => discovery.list().length,
    () => discovery.excessCount,
  );
  let otlp: RunningOtlp | undefined;
  const own = startOwnFamilies({
    ownMetrics,
    pods,
    events: lifecycle.events,
    version,
    hasGoFamilies: !settings.noGoCompat,
    collectMore: () => otlp?.collect() ?? [],
    log,
  });
  const collectOwn = own.collect;
  const readers = await createNodeReaders({ settings, version, node, shimClient, collectOwn, createResponder, log });
  const servers = new WebServers({
    settings,
    listeners,
    pagesOf: ({ pages }) => pages,
    parts: createPageParts({ settings, version, node, readers, shimClient, ownMetrics }),
    guard,
    maxConnections: plan.clientConnections,
    log,
  });
  const close = async (): Promise<void> => {
    readers.stream.close();
    await otlp?.close();
    lifecycle.close();
    await servers.close(CLOSE_GRACE_MS);
    shimClient.close();
    node.close();
    own.close();
  };
  try {
    // Health is served before the roots have been read: a root may be slow.
    const started = node.start();
    const { main, admin, page: pageUrl } = await servers.open();
    await started;
    await checkResponse(main ?? admin);
    guard?.limitRate();
    otlp = await startPushing({ settings, version, readers, log });
    const reload = (): boolean => {
      guard?.reload();
      return guard !== undefined;
    };
    return { url: main ?? admin ?? '', adminUrl: admin, pageUrl, ...readDirectly(settings, readers), reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the caller in this process reads without HTTP. */
function readDirectly(
  { scrapeTimeoutMs: timeoutMs }: MonitorSettings,
  { responder, reader }: NodeReaders,
): Pick<RunningMonitor, 'readMetrics' | 'readSnapshot'> {
  return {
    readMetrics: async (signal) => {
      const { body } = await responder.respond({ accept: 'text/plain', encoding: undefined, timeoutMs, signal });
      return Buffer.isBuffer(body) ? body : buffer(body);
    },
    readSnapshot: async (signal) => (await reader.read({ timeoutMs, signal })).snapshot,
  };
}

interface PushOptions {
  readonly settings: MonitorSettings;
  readonly version: string;
  readonly readers: NodeReaders;
  readonly log: Log;
}

/** Loaded only if something is pushed. */
async function startPushing({ settings, version, readers, log }: PushOptions): Promise<RunningOtlp | undefined> {
  if (settings.otlp === undefined) {
    return undefined;
  }
  const { startOtlp } = await import('../otlp/index.ts');
  const { work, responder, reader } = readers;
  const timeoutMs = settings.scrapeTimeoutMs;
  return startOtlp({
    settings: settings.otlp,
    version,
    log,
    work,
    read: (signal, finished) => readForOtlp({ responder, reader, timeoutMs, signal, finished }),
  });
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
