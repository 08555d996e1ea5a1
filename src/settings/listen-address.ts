/**
 * Parses the address on which the monitor listens, in the forms of Go programs: `127.0.0.1:8090`, `[::1]:8090`,
 * `localhost:8090`, `:8090`, or a socket in the file system, `unix:///run/kata-monitor.sock`.
 */
import { isIP } from 'node:net';

export interface TcpAddress {
  readonly kind: 'tcp';
  /** Host without brackets; undefined means every address of the machine. */
  readonly host: string | undefined;
  /** 0 leaves the choice to the kernel. */
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  /** Absolute. */
  readonly path: string;
}

export type ListenAddress = TcpAddress | UnixAddress;

/** The file descriptor of a socket that is already listening. */
export interface OpenSocket {
  readonly kind: 'open';
  readonly descriptor: number;
}

const hostAndPort = /^(?:\[([0-9A-Fa-f:.%A-Za-z]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/;
/** Size of the path in sockaddr_un, without its NUL: unix(7). */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Undefined when the text is neither an address with a port from 0 to 65535 nor `unix://` with a path that fits. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    return parseUnixAddress(text);
  }
  const [, bracketed, plain, digits] = hostAndPort.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    return undefined;
  }
  const host = bracketed ?? plain;
  return { kind: 'tcp', host: host === '' ? undefined : host, port };
}

function parseUnixAddress(text: string): UnixAddress | undefined {
  const path = text.replace(/^unix:(?:\/\/)?/, '');
  const isUsable = /^\/[^\0]*[^/\0]$/.test(path) && Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES;
  return isUsable ? { kind: 'unix', path } : undefined;
}

/** `host:port`, with brackets around an IPv6 address, or `unix://path`. */
export function formatAddress(address: ListenAddress): string {
  if (address.kind === 'unix') {
    return `unix://${address.path}`;
  }
  const { host = '', port } = address;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs on this machine can reach the address. */
export function isLocal(address: ListenAddress): boolean {
  if (address.kind === 'unix') {
    return true;
  }
  const { host } = address;
  return host !== undefined && (host.toLowerCase() === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host));
}
