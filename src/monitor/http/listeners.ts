/**
 * The addresses that the monitor listens on, and the pages of each: from its options, or from the sockets that systemd has
 * opened for it. Opened by `start-monitor.ts`.
 */
import type { Server } from 'node:net';
import { formatAddress, isLocal, type ListenAddress, type OpenSocket } from '../../settings/listen-address.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { HandedOverSocket } from '../../systemd/index.ts';
import type { Log } from '../answer/log.ts';
import { ListenError, listen } from './listen.ts';
import type { Page } from './pages/page.ts';
import { pagesExcept } from './routes.ts';
import type { WebGuard } from './web-guard.ts';

export interface Listener {
  readonly kind: 'admin' | 'main';
  readonly address: ListenAddress | OpenSocket;
  readonly pages: readonly Page[];
  /** Whether `/` shows the sandboxes to a browser. */
  readonly hasPage: boolean;
  /** Whether it is the second address of `localhost`, with the port of the first. A machine may not have that address. */
  readonly isSecondLoopback?: boolean;
}

const PUBLIC_PART = 'only metrics, /sandboxes, /healthz and /readyz are served on it';
const PUBLIC_PART_AND_PAGE = 'only metrics, the page, its API, /sandboxes, /healthz and /readyz are served on it';

const noSuchAddress: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** FileDescriptorName= of the socket unit of the admin pages. */
const ADMIN_SOCKET_NAME = 'admin';

export interface ListenerOptions {
  readonly settings: Pick<MonitorSettings, 'listenAddress' | 'webAdminAddress' | 'webInsecureListen' | 'webPage'>;
  readonly openSockets: readonly HandedOverSocket[];
  /** Whether a client needs a password or a verified certificate. */
  readonly knowsClients: boolean;
}

/** One listener per address; open sockets replace the addresses of the settings. */
export function planListeners({ settings, openSockets, knowsClients }: ListenerOptions): Listener[] {
  const { listenAddress, webAdminAddress, webInsecureListen } = settings;
  if (openSockets.length > 0) {
    return openSockets.map(({ descriptor, name }) =>
      toListener({ kind: 'open', descriptor }, name, settings, knowsClients),
    );
  }
  const isOpenToOthers = (address: ListenAddress): boolean => !(isLocal(address) || knowsClients || webInsecureListen);
  const people = (address: ListenAddress): Withheld => withholdPage(settings, isOpenToOthers(address));
  if (webAdminAddress !== undefined) {
    const ofMain = { admin: 'It is served on --web.admin-address', ...people(listenAddress) };
    const ofAdmin = { metrics: 'It is served on --listen-address', ...people(webAdminAddress) };
    return [
      ...listenersAt(listenAddress, { kind: 'main', ...choosePages(ofMain) }),
      ...listenersAt(webAdminAddress, { kind: 'admin', ...choosePages(ofAdmin) }),
    ];
  }
  const whereAdmin =
    'Other machines can reach this address without a password. To serve the page, use --web.admin-address';
  const withheld = { ...(isOpenToOthers(listenAddress) ? { admin: whereAdmin } : {}), ...people(listenAddress) };
  return listenersAt(listenAddress, { kind: 'main', ...choosePages(withheld) });
}

type Withheld = Parameters<typeof pagesExcept>[0];

function choosePages(withheld: Withheld): Pick<Listener, 'hasPage' | 'pages'> {
  return { pages: pagesExcept(withheld), hasPage: withheld.people === undefined };
}

/** `isOpenToOthers`: whether other machines can reach the address without a password or certificate, or may be able to. */
function withholdPage({ webPage }: Pick<MonitorSettings, 'webPage'>, isOpenToOthers: boolean): Withheld {
  if (webPage === 'off') {
    return { people: 'The option --web.page is off' };
  }
  return webPage === undefined && isOpenToOthers
    ? { people: 'Other machines can reach this address without a password. To serve the page, use --web.page=on' }
    : {};
}

/** `localhost` means both loopback addresses. It is not resolved, because a resolver could return other addresses. */
function listenersAt(address: ListenAddress, listener: Omit<Listener, 'address'>): Listener[] {
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
function toListener(
  address: OpenSocket,
  name: string,
  settings: Pick<MonitorSettings, 'webInsecureListen' | 'webPage'>,
  knowsClients: boolean,
): Listener {
  if (name === ADMIN_SOCKET_NAME) {
    const withheld = { metrics: 'It is served on --listen-address', ...withholdPage(settings, false) };
    return { kind: 'admin', address, ...choosePages(withheld) };
  }
  const people = withholdPage(settings, !knowsClients && !settings.webInsecureListen);
  const withheld = { admin: 'It is served on a socket with FileDescriptorName=admin', ...people };
  return { kind: 'main', address, ...choosePages(withheld) };
}

/**
 * Listens, and resolves to the URL, or to undefined when this machine does not have the second loopback address.
 * @throws {ListenError} also for an open admin socket that other machines can reach, unless the settings allow that.
 */
export async function openListener(
  server: Server,
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
    const part = settings.webPage === 'on' ? PUBLIC_PART_AND_PAGE : PUBLIC_PART;
    const served = kind === 'main' && !settings.webInsecureListen ? part : 'every page is served on it';
    log.warn({ address: where }, `Other machines can reach this address without a password or certificate: ${served}`);
  }
  return real.kind === 'unix' ? where : `${guard?.tlsOptions === undefined ? 'http' : 'https'}://${where}`;
}
