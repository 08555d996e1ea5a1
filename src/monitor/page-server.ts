/**
 * Serves the page and the API for people over sandboxes that are read elsewhere, for `kata-metrics page`: the same page,
 * API, stream and guards as those of the monitor, and no metrics.
 */
import { isLocal, type ListenAddress } from '../settings/listen-address.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import type { Log } from './answer/log.ts';
import type { ReadsNode } from './api/read-node.ts';
import { SnapshotStream } from './api/snapshot-stream.ts';
import { CountGate } from './http/count-gate.ts';
import { createGuard } from './http/create-guard.ts';
import { ListenError } from './http/listen.ts';
import { planListeners } from './http/listeners.ts';
import { type ApiParts, PageError, toProblem } from './http/pages/page.ts';
import { pagesForPeople } from './http/routes.ts';
import { ScrapeGate } from './http/scrape-gate.ts';
import { WebServers } from './http/web-servers.ts';

export { WebConfigError } from '../web-config/index.ts';
export { createLog, type Log } from './answer/log.ts';
export { ListenError } from './http/listen.ts';

/** The sandboxes cannot be read now; the message is meant for users. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export interface PageServerOptions {
  readonly settings: MonitorSettings;
  /** Version of the package. */
  readonly version: string;
  readonly log: Log;
  /** Rejects with a SourceError when the sandboxes cannot be read. */
  readonly reader: ReadsNode;
  /** Location of the sandboxes, for messages: `on this node`. */
  readonly place: string;
  /** Time between two reads for the stream. */
  readonly intervalMs: number;
}

export interface RunningPageServer {
  /** `http://127.0.0.1:8090` or `unix:///path`. */
  readonly url: string;
  /** Ends the streams, and closes every connection. */
  close(): Promise<void>;
}

/**
 * Resolves when it listens.
 * @throws {ListenError} when an address cannot be listened on, or other machines could reach it without a password.
 * @throws {WebConfigError} when --web.config.file cannot be used.
 */
export async function startPageServer({
  settings,
  version,
  log,
  reader: source,
  place,
  intervalMs,
}: PageServerOptions): Promise<RunningPageServer> {
  const guard = await createGuard(settings.webConfig, log);
  const { listenAddress, webInsecureListen, webMaxRequests, scrapeTimeoutMs } = settings;
  checkProtection(listenAddress, webInsecureListen || guard?.knowsClients === true);
  const reader = reportTo(log, source);
  const stream = new SnapshotStream({
    reader,
    timeoutMs: scrapeTimeoutMs,
    intervalMs,
    onError: (error) => {
      if (error instanceof PageError) {
        return toProblem(error.status, error.message);
      }
      log.error({ err: error }, 'Cannot read the sandboxes');
      return toProblem(500, 'Internal error, see the log');
    },
  });
  const api: ApiParts = {
    version,
    reader,
    stream,
    place,
    findSandboxId: async (name, signal) => {
      if (name.kind === 'id') {
        return name.text;
      }
      const { snapshot } = await reader.read({ timeoutMs: scrapeTimeoutMs, signal });
      return snapshot.sandboxes.find(({ namespace, pod }) => `${namespace}/${pod}` === name.text)?.id;
    },
    gate: new ScrapeGate(settings, '/api/v1'),
    streamGate: new CountGate(webMaxRequests, '/api/v1/stream'),
  };
  const servers = new WebServers({
    settings,
    // Only for their addresses.
    listeners: planListeners({ settings, openSockets: [], knowsClients: true }),
    pagesOf: () => pagesForPeople,
    parts: { api },
    guard,
    log,
  });
  const close = async (): Promise<void> => {
    stream.close();
    await servers.close(0);
  };
  try {
    const { main, admin } = await servers.open();
    guard?.limitRate();
    return { url: main ?? admin ?? '', close };
  } catch (error) {
    await close();
    throw error;
  }
}

function checkProtection(address: ListenAddress, isProtected: boolean): void {
  if (!isProtected && !isLocal(address)) {
    throw new ListenError(
      'Other machines can reach this address without a password: use --web.config.file, or --web.insecure-listen to allow that',
    );
  }
}

/** Logs the first failure of a row, and its end. */
function reportTo(log: Log, source: ReadsNode): ReadsNode {
  let isDown = false;
  return {
    read: async (request) => {
      try {
        const reading = await source.read(request);
        if (isDown) {
          log.warn('The sandboxes can be read again');
          isDown = false;
        }
        return reading;
      } catch (error) {
        if (!(error instanceof SourceError)) {
          throw error;
        }
        if (!isDown) {
          log.warn(error.message);
          isDown = true;
        }
        throw new PageError(502, error.message);
      }
    },
  };
}
