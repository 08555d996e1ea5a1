/**
 * The addresses that the monitor listens on, and the pages of each: from its options, or from the sockets that systemd has
 * opened for it. Each is opened by `web-servers.ts`.
 */
import { isLocal, type ListenAddress, type OpenSocket } from '../../settings/listen-address.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { HandedOverSocket } from '../../systemd/index.ts';
import type { Listener } from './listener.ts';
import { pagesExcept } from './routes.ts';

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
