/**
 * Checks a client's certificate against web.yml after the handshake. The handshake also checks
 * `RequireAndVerifyClientCert`; it is checked again here, because the settings may be newer than the connection.
 */
import { isIPv6, SocketAddress } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TlsSettings } from './load-web-config.ts';

/** Why the connection has to end; undefined when it may stay. */
export function findCertificateFault(socket: TLSSocket, { clientAuth, allowedSans }: TlsSettings): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    return clientAuth.startsWith('Require') ? 'Client has no certificate' : undefined;
  }
  if (clientAuth.includes('Verify') && !socket.authorized) {
    return `Client's certificate is not valid: ${String(socket.authorizationError)}`;
  }
  const names = readAlternativeNames(certificate.subjectAltName);
  if (allowedSans !== undefined && !names.some((name) => allowedSans.includes(name))) {
    return "Client's certificate has no name of client_allowed_sans";
  }
  return undefined;
}

/**
 * DNS names, addresses, mail addresses and URIs of `DNS:a, IP Address:1.2.3.4`; a name in quotes has odd characters.
 * Addresses are in the form that Go gives them: OpenSSL writes 2001:DB8:0:0:0:0:0:1 for 2001:db8::1.
 */
export function readAlternativeNames(subjectAltName = ''): string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )(DNS|IP Address|email|URI):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return [...entries].map(([, kind, given]) => {
    const name = given!.startsWith('"') ? (JSON.parse(given!) as string) : given!;
    return kind === 'IP Address' && isIPv6(name)
      ? new SocketAddress({ address: name, family: 'ipv6' }).address.replace(/^::ffff:(?=.*\.)/, '')
      : name;
  });
}
