/**
 * Puts the monitor together and starts it: discovery, the client to the shims, own figures, the answer of /metrics, and
 * the server. Called by the program, by `kata-metrics up` and by tests.
 */
import { buffer } from 'node:stream/consumers';
import { Discovery, type RootState } from '../sandboxes/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import { ShimClient } from '../shim-client/index.ts';
import type { HandedOverSocket } from '../systemd/index.ts';
import type { MetricsAnswerer } from './answer/answerer.ts';
import type { Log } from './answer/log.ts';
import { type AnswererParts, createNodeAnswerer } from './answer/node-answer.ts';
import { startOwnFamilies } from './answer/own-families.ts';
import { OwnMetrics } from './answer/own-metrics.ts';
import { Pods } from './answer/pods.ts';
import { planOwnDescriptors } from './descriptor-plan.ts';
import { HostCheck } from './http/allowed-hosts.ts';
import { CountGate } from './http/count-gate.ts';
import { type Door, doorsOf, openDoor, withPortOf } from './http/doors.ts';
import { ListenError } from './http/listen.ts';
import { ScrapeGate } from './http/scrape-gate.ts';
import { requestSelf } from './http/self-request.ts';
import { createServer } from './http/server.ts';
import { WebGuard } from './http/web-guard.ts';

/** Pages of shims' profilers at the same time. */
const MAX_PROFILES = 2;

export interface MonitorOptions {
  readonly settings: MonitorSettings;
  /** Of the package. */
  readonly version: string;
  readonly log: Log;
  /** Sockets that listen already, in the place of the addresses of the settings. */
  readonly openSockets?: readonly HandedOverSocket[];
  /** What answers /metrics. Default: all of this node's sandboxes. */
  readonly createAnswerer?: (parts: AnswererParts) => MetricsAnswerer;
}

export interface RunningMonitor {
  /** Where to look, such as `http://127.0.0.1:8090` or `unix:///run/kata-monitor.sock`. */
  readonly url: string;
  /** Where the admin pages are, when they have an address of their own. */
  readonly adminUrl: string | undefined;
  /**
   * What /metrics answers as text, for who has started the monitor: asks no address, and so needs no password.
   * Rejects with the signal's reason.
   */
  readMetrics(signal: AbortSignal): Promise<Buffer>;
  /** Reads web.yml and its files again; false when there is none. What comes of it is in the log. */
  reload(): boolean;
  /** Lets requests under way finish for a moment, then ends everything. */
  close(): Promise<void>;
}

/** Above the usual scrape of a full node, below what a service manager waits. */
const closeGraceMs = 3000;

/**
 * Resolves when every root has been looked at and the address responds.
 * @throws {ListenError} when it cannot be listened on, or does not respond.
 * @throws {WebConfigError} when --web.config.file cannot be used.
 */
export async function startMonitor({
  settings,
  version,
  log,
  openSockets = [],
  createAnswerer = createNodeAnswerer,
}: MonitorOptions): Promise<RunningMonitor> {
  const guard = settings.webConfig && new WebGuard(settings.webConfig, log);
  const pods = new Pods({ socketPaths: settings.criSocketPaths, podLabels: settings.podLabels, log });
  const discovery: Discovery = createDiscovery(settings, log, () => pods.setSandboxes(discovery.list()));
  const chosen = doorsOf({ settings, openSockets, knowsClients: guard?.knowsClients === true });
  const plan = await planOwnDescriptors(chosen.length);
  if (plan.shimConnections < 2 * settings.maxShimRequests) {
    log.warn({ ...plan }, 'Few file descriptors (ulimit -n): fewer shims are scraped concurrently');
  }
  const shimClient = new ShimClient({ maxConnections: plan.shimConnections });
  const ownMetrics = new OwnMetrics(
    () => discovery.list().length,
    () => discovery.excessCount,
  );
  const own = startOwnFamilies({ ownMetrics, pods, version, hasGoFamilies: !settings.noGoCompat, log });
  const answerer = createAnswerer({ settings, discovery, shimClient, pods, collectOwn: own.collect, log });
  const scrapeGate = new ScrapeGate(settings);
  const profileGate = new CountGate(MAX_PROFILES, 'profiles');
  const parts = { discovery, shimClient, answerer, ownMetrics, scrapeGate, profileGate, bounds: settings };
  const doors = chosen.map((door) => {
    const hostCheck = new HostCheck({ allowedHosts: settings.webAllowedHosts, address: door.address });
    const server = createServer(door.pages, parts, log, guard, hostCheck);
    server.server.maxConnections = Math.min(server.server.maxConnections, plan.clientConnections);
    return { door, server };
  });
  const close = async (): Promise<void> => {
    const cutOff = setTimeout(() => {
      for (const { server } of doors) {
        server.server.closeAllConnections();
      }
      guard?.closeConnections();
    }, closeGraceMs);
    await Promise.all(doors.map(({ server }) => server.close()));
    clearTimeout(cutOff);
    await guard?.close();
    shimClient.close();
    discovery.close();
    pods.close();
    own.close();
  };
  const reload = (): boolean => {
    guard?.reload();
    return guard !== undefined;
  };
  const readMetrics = async (signal: AbortSignal): Promise<Buffer> => {
    const question = { accept: 'text/plain', acceptsGzip: false, timeoutMs: settings.scrapeTimeoutMs, signal };
    const { body } = await answerer.answer(question);
    return Buffer.isBuffer(body) ? body : buffer(body);
  };
  try {
    // Health is answered before the roots are known: a root may be slow to read.
    const looked = discovery.start();
    pods.start();
    const urls: Partial<Record<Door['kind'], string>> = {};
    for (const { server, door } of doors) {
      const url = await openDoor(server, withPortOf(urls[door.kind], door), { settings, guard, log });
      if (url !== undefined) urls[door.kind] ??= url;
    }
    await looked;
    await checkResponse(urls.main ?? urls.admin);
    guard?.limitRate();
    return { url: urls.main ?? urls.admin ?? '', adminUrl: urls.admin, readMetrics, reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function checkResponse(url: string | undefined): Promise<void> {
  try {
    await (url && requestSelf(url));
  } catch (error) {
    throw new ListenError(`Cannot get a response from "${url}": ${(error as Error).message}`);
  }
}

function createDiscovery({ sandboxesRoot, maxSandboxes }: MonitorSettings, log: Log, onChange: () => void): Discovery {
  return new Discovery({
    roots: sandboxesRoot,
    maxSandboxes,
    onChange: ({ appeared, vanished }) => {
      log.debug(
        { appeared: appeared.map(({ id }) => id), vanished: vanished.map(({ id }) => id) },
        'Sandboxes changed',
      );
      onChange();
    },
    onRootState: (state, before) => logRootState(state, before, log),
    onExcess: (notAsked) => logExcess(notAsked, maxSandboxes, log),
  });
}

function logExcess(notAsked: number, maxSandboxes: number, log: Log): void {
  if (notAsked > 0) {
    log.warn({ notAsked, maxSandboxes }, 'More sandboxes than --max-sandboxes: the others are not asked');
  } else {
    log.info({ maxSandboxes }, 'All sandboxes are asked again');
  }
}

function logRootState(state: RootState, before: RootState | undefined, log: Log): void {
  const { root, look, code, watch } = state;
  if (look === 'unreadable') {
    log.warn({ root, code }, 'Cannot read the sandboxes root');
  } else if (look !== before?.look) {
    log.info({ root }, look === 'read' ? 'Looking for sandboxes' : 'Sandboxes root does not exist yet');
  }
  if (watch?.kind === 'none') {
    log.warn({ root, code: watch.code }, 'Cannot watch the sandboxes root: only the periodic look finds sandboxes');
  }
}
