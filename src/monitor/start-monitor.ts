/**
 * Puts the monitor together and starts it: discovery, the client to the shims, own figures, the answer of /metrics, and
 * the server. Called by the program, by `kata-metrics up` and by tests.
 */
import { ShimClient } from '../shim-client/index.ts';
import type { AnswererParts } from './answerer-parts.ts';
import { createNodeAnswerer } from './create-node-answerer.ts';
import { Discovery, type RootState } from './discovery.ts';
import { listen } from './listen.ts';
import { formatAddress, isLoopback } from './listen-address.ts';
import type { Log } from './log.ts';
import type { MetricsAnswerer } from './metrics-answerer.ts';
import type { MonitorSettings } from './options.ts';
import { startOwnFamilies } from './own-families.ts';
import { OwnMetrics } from './own-metrics.ts';
import { pages } from './routes.ts';
import { createServer } from './server.ts';

export interface MonitorOptions {
  readonly settings: MonitorSettings;
  /** Of the package. */
  readonly version: string;
  readonly log: Log;
  /** What answers /metrics. Default: all of this node's sandboxes. */
  readonly createAnswerer?: (parts: AnswererParts) => MetricsAnswerer;
}

export interface RunningMonitor {
  /** Where to look, such as `http://127.0.0.1:8090`. */
  readonly url: string;
  /** Lets requests under way finish for a moment, then ends everything. */
  close(): Promise<void>;
}

/** Above the usual scrape of a full node, below what a service manager waits. */
const closeGraceMs = 3000;

/**
 * Resolves when every root has been looked at and the address is listened on.
 * @throws {ListenError} when it cannot be.
 */
export async function startMonitor({
  settings,
  version,
  log,
  createAnswerer = createNodeAnswerer,
}: MonitorOptions): Promise<RunningMonitor> {
  const discovery = createDiscovery(settings, log);
  const shimClient = new ShimClient();
  const ownMetrics = new OwnMetrics(() => discovery.list().length);
  const own = startOwnFamilies({ ownMetrics, version, hasGoFamilies: !settings.noGoCompat, log });
  const answerer = createAnswerer({ settings, discovery, shimClient, collectOwn: own.collect, log });
  const server = createServer(pages, { discovery, shimClient, answerer, ownMetrics, bounds: settings }, log);
  const close = async (): Promise<void> => {
    const cutOff = setTimeout(() => server.server.closeAllConnections(), closeGraceMs);
    await server.close();
    clearTimeout(cutOff);
    shimClient.close();
    discovery.close();
    own.close();
  };
  try {
    await discovery.start();
    const { host, port } = await listen(server, settings.listenAddress);
    if (!isLoopback(settings.listenAddress)) {
      log.warn('Everybody who can reach this address can read the metrics and profiles of all sandboxes');
    }
    return { url: `http://${formatAddress(host, port)}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function createDiscovery({ sandboxesRoot }: MonitorSettings, log: Log): Discovery {
  return new Discovery({
    roots: sandboxesRoot,
    onChange: ({ appeared, vanished }) => {
      log.debug(
        { appeared: appeared.map(({ id }) => id), vanished: vanished.map(({ id }) => id) },
        'Sandboxes changed',
      );
    },
    onRootState: (state, before) => logRootState(state, before, log),
  });
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
