/**
 * The guard of web.yml. YAML, TLS and cryptography, 2 MiB of memory, are loaded only where there is one.
 */
import type { WebConfigSource } from '../../web-config/index.ts';
import type { Log } from '../answer/log.ts';
import type { WebGuard } from './web-guard.ts';

/**
 * Undefined without a source.
 * @throws {WebConfigError} when the source cannot be used.
 */
export async function createGuard(source: WebConfigSource | undefined, log: Log): Promise<WebGuard | undefined> {
  return source && new (await import('./web-guard.ts')).WebGuard(source, log);
}
