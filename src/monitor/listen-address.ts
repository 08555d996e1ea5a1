/**
 * Where the monitor listens, as Go programs write it: `127.0.0.1:8090`, `[::1]:8090`, `localhost:8090`, `:8090`.
 */
import { isIP } from 'node:net';

export interface ListenAddress {
  /** Without brackets; undefined means every address of the machine. */
  readonly host: string | undefined;
  /** 0 leaves the choice to the kernel. */
  readonly port: number;
}

const hostAndPort = /^(?:\[([0-9A-Fa-f:.%A-Za-z]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/;

/** Undefined when the text is no address with a port from 0 to 65535. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] = hostAndPort.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) {
    return undefined;
  }
  const host = bracketed ?? plain;
  return { host: host === '' ? undefined : host, port };
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only programs on this machine can reach the address. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host !== undefined && (host === 'localhost' || host === '::1' || /^127\.[0-9.]+$/.test(host));
}
