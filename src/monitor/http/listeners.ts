/**
 * The addresses that the monitor listens on, and the pages of each: from its options, or from the sockets that systemd has
 * opened for it. Opened by `start-monitor.ts`.
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

export interface Listener {
  readonly kind: 'admin' | 'main';
  readonly address: ListenAddress | OpenSocket;
  readonly pages: readonly Page[];
  /** Whether it is the second address of `localhost`, with the port of the first. A machine may not have that address. */
  readonly isSecondLoopback?: boolean;
}

const PUBLIC_PART = 'only metrics, /sandboxes, /healthz and /readyz are served on it';

const noSuchAddress: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** FileDescriptorName= of the socket unit of the admin pages. */
const ADMIN_SOCKET_NAME = 'admin';

export interface ListenerOptions {
  readonly settings: Pick<MonitorSettings, 'listenAddress' | 'webAdminAddress' | 'webInsecureListen'>;
  readonly openSockets: readonly HandedOverSocket[];
  /** Whether a client needs a password or a verified certificate. */
  readonly knowsClients: boolean;
}

/** One listener per address; open sockets replace the addresses of the settings. */
export function planListeners({
  settings: { listenAddress, webAdminAddress, webInsecureListen },
  openSockets,
  knowsClients,
}: ListenerOptions): Listener[] {
  if (openSockets.length > 0) {
    return openSockets.map(({ descriptor, name }) => toListener({ kind: 'open', descriptor }, name));
  }
  if (webAdminAddress !== undefined) {
    return [
      ...listenersAt(listenAddress, { kind: 'main', pages: publicPages('It is served on --web.admin-address') }),
      ...listenersAt(webAdminAddress, { kind: 'admin', pages: adminPages }),
    ];
  }
  const hasEveryPage = isLocal(listenAddress) || knowsClients || webInsecureListen;
  const whereAdmin =
    'Other machines can reach this address without a password. To serve the page, use --web.admin-address';
  return listenersAt(listenAddress, { kind: 'main', pages: hasEveryPage ? pages : publicPages(whereAdmin) });
}

/** `localhost` means both loopback addresses. It is not resolved, because a resolver could return other addresses. */
function listenersAt(address: ListenAddress, listener: Pick<Listener, 'kind' | 'pages'>): Listener[] {
  if (address.kind === 'unix' || address.host?.toLowerCase() !== 'localhost') {
    return [{ ...listener, address }];
  }
  return [
    { ...listener, address: { ...address, host: '127.0.0.1' } },
    { ...listener, address: { ...address, host: '::1' }, isSecondLoopback: true },
  ];
}

/** Gives the second address of `localhost` the port of the first, which the kernel may have chosen. */
export function withPortOf(firstUrl: string | undefined, listener: Listener): Listener {
  return listener.isSecondLoopback === true && firstUrl !== undefined && listener.address.kind === 'tcp'
    ? { ...listener, address: { ...listener.address, port: Number(firstUrl.slice(firstUrl.lastIndexOf(':') + 1)) } }
    : listener;
}

/** The pages of an open socket depend on its name: who can reach it is only known after listening on it. */
function toListener(address: OpenSocket, name: string): Listener {
  return name === ADMIN_SOCKET_NAME
    ? { kind: 'admin', address, pages: adminPages }
    : { kind: 'main', address, pages: publicPages('It is served on a socket with FileDescriptorName=admin') };
}

/**
 * Listens, and resolves to the URL, or to undefined when this machine does not have the second loopback address.
 * @throws {ListenError} also for an open admin socket that other machines can reach, unless the settings allow that.
 */
export async function openListener(
  server: FastifyInstance,
  { kind, address, isSecondLoopback }: Listener,
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
  // The addresses of the options have been checked before; here a name such as localhost is already an IP address.
  const isReachable = !isLocal(real) && !(address.kind !== 'open' && isLocal(address));
  if (isReachable && kind === 'admin' && guard === undefined && !settings.webInsecureListen) {
    throw new ListenError(
      `Admin socket for "${where}" can be reached by other machines: use a local address, --web.config.file or --web.insecure-listen`,
    );
  }
  if (isReachable && guard?.knowsClients !== true) {
    const served = kind === 'main' && !settings.webInsecureListen ? PUBLIC_PART : 'every page is served on it';
    log.warn({ address: where }, `Other machines can reach this address without a password or certificate: ${served}`);
  }
  return real.kind === 'unix' ? where : `${guard?.tlsOptions === undefined ? 'http' : 'https'}://${where}`;
}
