/**
 * An address that the monitor listens on, and how a server listens on it. Opened by `web-servers.ts`.
 */
import type { Server } from 'node:net';
import { formatAddress, isLocal, type ListenAddress, type OpenSocket } from '../../settings/listen-address.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { Log } from '../answer/log.ts';
import { ListenError, listen } from './listen.ts';
import type { Page } from './pages/page.ts';
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

/** Gives the second address of `localhost` the port of the first, which the kernel may have chosen. */
export function withPortOf(firstUrl: string | undefined, listener: Listener): Listener {
  return listener.isSecondLoopback === true && firstUrl !== undefined && listener.address.kind === 'tcp'
    ? { ...listener, address: { ...listener.address, port: Number(firstUrl.slice(firstUrl.lastIndexOf(':') + 1)) } }
    : listener;
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
