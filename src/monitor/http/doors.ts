/**
 * Where the monitor is asked, and for what: from its options, or from the sockets that systemd has opened for it. Opened
 * by `start-monitor.ts`.
 */
import type { FastifyInstance } from 'fastify';
import { formatAddress, isLocal, type ListenAddress, type OpenSocket } from '../../settings/listen-address.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { HandedOverSocket } from '../../systemd/index.ts';
import type { Log } from '../answer/log.ts';
import { ListenError, listen } from './listen.ts';
import type { Page } from './pages/page.ts';
import { adminPages, pages, publicPages } from './routes.ts';
import type { WebGuard } from './web-guard.ts';

export interface Door {
  readonly kind: 'admin' | 'main';
  readonly address: ListenAddress | OpenSocket;
  readonly pages: readonly Page[];
}

const publicPart = 'only metrics, /sandboxes, /healthz and /readyz are served there';

/** FileDescriptorName= of a socket unit for the admin pages. */
const adminSocketName = 'admin';

export interface DoorChoice {
  readonly settings: Pick<MonitorSettings, 'listenAddress' | 'webAdminAddress' | 'webInsecureListen'>;
  readonly openSockets: readonly HandedOverSocket[];
  /** Whether a client needs a password, or a certificate that is checked. */
  readonly knowsClients: boolean;
}

/** One for each address; sockets that are open already take the place of the addresses of the settings. */
export function doorsOf({
  settings: { listenAddress, webAdminAddress, webInsecureListen },
  openSockets,
  knowsClients,
}: DoorChoice): Door[] {
  if (openSockets.length > 0) {
    return openSockets.map(({ descriptor, name }) => toDoor({ kind: 'open', descriptor }, name));
  }
  if (webAdminAddress !== undefined) {
    return [
      { kind: 'main', address: listenAddress, pages: publicPages('It is answered on --web.admin-address') },
      { kind: 'admin', address: webAdminAddress, pages: adminPages },
    ];
  }
  const hasEveryPage = isLocal(listenAddress) || knowsClients || webInsecureListen;
  const whereAdmin =
    'Other machines can reach this address without a password: --web.admin-address is where this page can be served';
  return [{ kind: 'main', address: listenAddress, pages: hasEveryPage ? pages : publicPages(whereAdmin) }];
}

/** Who can reach an open socket is known too late to choose its pages by it. */
function toDoor(address: OpenSocket, name: string): Door {
  return name === adminSocketName
    ? { kind: 'admin', address, pages: adminPages }
    : { kind: 'main', address, pages: publicPages(`It is answered on a socket with FileDescriptorName=admin`) };
}

/**
 * Listens, and resolves to the URL.
 * @throws {ListenError} also for an open admin socket that other machines can reach, where nothing allows that.
 */
export async function openDoor(
  server: FastifyInstance,
  { kind, address }: Door,
  { settings, guard, log }: { settings: MonitorSettings; guard: WebGuard | undefined; log: Log },
): Promise<string> {
  const real = await listen(server, address);
  const where = formatAddress(real);
  // The options have checked their own addresses before; a name such as localhost has become a number by now.
  const isReachable = !isLocal(real) && !(address.kind !== 'open' && isLocal(address));
  if (isReachable && kind === 'admin' && guard === undefined && !settings.webInsecureListen) {
    throw new ListenError(
      `Admin socket for "${where}" must be one that only this machine can reach, or be given with --web.config.file or --web.insecure-listen`,
    );
  }
  if (isReachable && guard?.knowsClients !== true) {
    const served = kind === 'main' && !settings.webInsecureListen ? publicPart : 'every page is served there';
    log.warn(
      { address: where },
      `Other machines can reach this address and need no password or certificate: ${served}`,
    );
  }
  return real.kind === 'unix' ? where : `${guard?.tlsOptions === undefined ? 'http' : 'https'}://${where}`;
}
