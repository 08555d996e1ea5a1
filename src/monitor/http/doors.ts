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
  /** Whether it is the second address of `localhost`, which a machine may not have, with the first one's port. */
  readonly isSecondLoopback?: boolean;
}

const publicPart = 'only metrics, /sandboxes, /healthz and /readyz are served there';

const noSuchAddress: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

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
      ...doorsAt(listenAddress, { kind: 'main', pages: publicPages('It is answered on --web.admin-address') }),
      ...doorsAt(webAdminAddress, { kind: 'admin', pages: adminPages }),
    ];
  }
  const hasEveryPage = isLocal(listenAddress) || knowsClients || webInsecureListen;
  const whereAdmin =
    'Other machines can reach this address without a password: --web.admin-address is where this page can be served';
  return doorsAt(listenAddress, { kind: 'main', pages: hasEveryPage ? pages : publicPages(whereAdmin) });
}

/** `localhost` is both loopback addresses, and no name to be looked up: who answers for that could open other addresses. */
function doorsAt(address: ListenAddress, door: Pick<Door, 'kind' | 'pages'>): Door[] {
  if (address.kind === 'unix' || address.host?.toLowerCase() !== 'localhost') {
    return [{ ...door, address }];
  }
  return [
    { ...door, address: { ...address, host: '127.0.0.1' } },
    { ...door, address: { ...address, host: '::1' }, isSecondLoopback: true },
  ];
}

/** The second address of `localhost` has the port of the first, which may have been chosen by the kernel. */
export function withPortOf(firstUrl: string | undefined, door: Door): Door {
  return door.isSecondLoopback === true && firstUrl !== undefined && door.address.kind === 'tcp'
    ? { ...door, address: { ...door.address, port: Number(firstUrl.slice(firstUrl.lastIndexOf(':') + 1)) } }
    : door;
}

/** Who can reach an open socket is known too late to choose its pages by it. */
function toDoor(address: OpenSocket, name: string): Door {
  return name === adminSocketName
    ? { kind: 'admin', address, pages: adminPages }
    : { kind: 'main', address, pages: publicPages(`It is answered on a socket with FileDescriptorName=admin`) };
}

/**
 * Listens, and resolves to the URL; to undefined where this machine has no such second loopback address.
 * @throws {ListenError} also for an open admin socket that other machines can reach, where nothing allows that.
 */
export async function openDoor(
  server: FastifyInstance,
  { kind, address, isSecondLoopback }: Door,
  { settings, guard, log }: { settings: MonitorSettings; guard: WebGuard | undefined; log: Log },
): Promise<string | undefined> {
  const real = await listen(server, address).catch((error: unknown) => {
    if (isSecondLoopback === true && error instanceof ListenError && noSuchAddress.has(error.code ?? '')) {
      return undefined;
    }
    throw error;
  });
  if (real === undefined) {
    log.debug({ address: '::1' }, 'This machine has no second loopback address');
    return undefined;
  }
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
