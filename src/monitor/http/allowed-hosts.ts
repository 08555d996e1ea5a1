/**
 * Checks that the Host header of a request names this monitor. A page of another site can direct a browser on this machine
 * to a loopback address by a name of that site (DNS rebinding), and could read the response. The Host header has that name.
 * Called by the server for each request, on every path.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { ListenAddress, OpenSocket } from '../../settings/listen-address.ts';

export type HostFault = 'missing' | 'not_allowed' | 'several';

export interface HostCheckOptions {
  /** From `--web.allowed-hosts`: names, `.suffix` or `*.suffix` for all names below it, `*` for every name. */
  readonly allowedHosts: readonly string[];
  /** Where this server listens. */
  readonly address?: ListenAddress | OpenSocket;
  readonly ownName?: string;
}

const loopbackNames = ['localhost', 'localhost.localdomain', 'localhost6', 'ip6-localhost', 'ip6-loopback'];

export class HostCheck {
  readonly #names: ReadonlySet<string>;
  readonly #suffixes: readonly string[];
  readonly #allowsEvery: boolean;
  readonly #isAlwaysChecked: boolean;

  constructor({ allowedHosts, address, ownName = hostname() }: HostCheckOptions) {
    const allowed = allowedHosts.map((name) => name.toLowerCase());
    const listenName = address?.kind === 'tcp' && address.host !== undefined ? [address.host.toLowerCase()] : [];
    this.#names = new Set([...loopbackNames, ownName.toLowerCase(), ...listenName, ...allowed]);
    this.#suffixes = [
      '.localhost',
      ...allowed.filter((name) => /^\*?\../.test(name)).map((name) => name.replace('*', '')),
    ];
    this.#allowsEvery = allowed.includes('*');
    this.#isAlwaysChecked = allowed.length > 0;
  }

  /**
   * Undefined when the request is allowed. Requests over a unix socket are not checked: no browser connects to one. Requests
   * to a non-loopback address are checked only with `--web.allowed-hosts`: only the operator knows by which names the node is
   * scraped.
   */
  findFault({ headers: { host }, headersDistinct, httpVersion, socket }: IncomingMessage): HostFault | undefined {
    // RFC 9112, section 3.2: a proxy may read another one than we do.
    if ((headersDistinct['host']?.length ?? 0) > 1) {
      return 'several';
    }
    if (socket.localAddress === undefined) {
      return undefined;
    }
    if (host === undefined) {
      return httpVersion === '1.0' ? undefined : 'missing';
    }
    const isChecked = this.#isAlwaysChecked || isLoopback(socket.localAddress);
    return !isChecked || this.#isAllowed(host) ? undefined : 'not_allowed';
  }

  #isAllowed(host: string): boolean {
    if (host.startsWith('[')) {
      const end = host.indexOf(']');
      return isIP(host.slice(1, end)) === 6 && isPort(host.slice(end + 1));
    }
    const [plain = '', ...port] = host.split(':');
    if (!isPort(port.length === 0 ? '' : `:${port.join(':')}`)) {
      return false;
    }
    const name = plain.toLowerCase().replace(/\.$/, '');
    // Another site cannot use an IP address as its name for this machine.
    return (
      this.#allowsEvery ||
      isIP(name) === 4 ||
      this.#names.has(name) ||
      this.#suffixes.some((suffix) => name.endsWith(suffix))
    );
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

function isPort(text: string): boolean {
  return text === '' || /^:[0-9]*$/.test(text);
}
