/**
 * Where the monitor is asked, and for what: from its options, or from the sockets that systemd has opened for it. Opened
 * by `start-monitor.ts`.
 */
import type { FastifyInstance } from 'fastify';
import { formatAddress, isLocal, type ListenAddress, type OpenSocket } from '../settings/listen-address.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import type { HandedOverSocket } from '../systemd/index.ts';
import { ListenError, listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Page } from './pages/page.ts';
import { adminPages, pages, publicPages } from './routes.ts';
import type { WebGuard } from './web-guard.ts';

export interface Door {
  readonly kind: 'admin' | 'main';
  readonly address: ListenAddress | OpenSocket;
  readonly pages: readonly Page[];
}

/** FileDescriptorName= of a socket unit for the admin pages. */
const adminSocketName = 'admin';

/** One for each address; sockets that are open already take the place of the addresses of the settings. */
export function doorsOf(
  { listenAddress, webAdminAddress }: MonitorSettings,
  openSockets: readonly HandedOverSocket[],
): Door[] {
  if (openSockets.length > 0) {
    return openSockets.map(({ descriptor, name }) => toDoor({ kind: 'open', descriptor }, name));
  }
  if (webAdminAddress !== undefined) {
    return [
      { kind: 'main', address: listenAddress, pages: publicPages('It is answered on --web.admin-address') },
      { kind: 'admin', address: webAdminAddress, pages: adminPages },
    ];
  }
  const whereAdmin = 'Other machines can reach this one: --web.admin-address gives it an address of its own';
  return [{ kind: 'main', address: listenAddress, pages: isLocal(listenAddress) ? pages : publicPages(whereAdmin) }];
}

/** Who can reach an open socket is known too late to choose its pages by it. */
function toDoor(address: OpenSocket, name: string): Door {
  return name === adminSocketName
    ? { kind: 'admin', address, pages: adminPages }
    : { kind: 'main', address, pages: publicPages(`It is answered on a socket with FileDescriptorName=admin`) };
}

/**
 * Listens, and resolves to the URL.
 * @throws {ListenError} also for an open socket that other machines can reach, where nothing allows that.
 */
export async function openDoor(
  server: FastifyInstance,
  { address }: Door,
  { settings, guard, log }: { settings: MonitorSettings; guard: WebGuard | undefined; log: Log },
): Promise<string> {
  const real = await listen(server, address);
  const where = formatAddress(real);
  // The options have checked their own addresses before; a name such as localhost has become a number by now.
  const isReachable = !isLocal(real) && !(address.kind !== 'open' && isLocal(address));
  if (isReachable && guard === undefined && !settings.webInsecureListen) {
    throw new ListenError(
      `Socket for "${where}" must be one that only this machine can reach, or be given with --web.config.file or --web.insecure-listen`,
    );
  }
  if (isReachable && guard?.knowsClients !== true) {
    log.warn({ address: where }, 'Everybody who can reach this address can ask it');
  }
  return real.kind === 'unix' ? where : `${guard?.tlsOptions === undefined ? 'http' : 'https'}://${where}`;
}
