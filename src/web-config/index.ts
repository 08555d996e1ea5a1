/**
 * Which clients may send requests, by web.yml: TLS, client certificates, passwords, headers and a rate limit. Independent
 * of the server and its pages.
 */

export { type AuthResult, BasicAuth } from './basic-auth.ts';
export { findCertificateFault } from './client-certificate.ts';
export type { TlsSettings, WebConfigSource, WebSettings } from './load-web-config.ts';
export { WebConfig, type WebConfigEvents } from './web-config.ts';
export { WebConfigError } from './web-config-error.ts';
