/**
 * The version that a running Firecracker reports. Requested once, when a sandbox is started or attached to.
 */
import type { FirecrackerApi } from './api.ts';

const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,63}$/;

/** Undefined when it reports none; the reason goes to `onProblem`. */
export async function readVersion(
  api: FirecrackerApi,
  onProblem: (message: string) => void,
): Promise<string | undefined> {
  try {
    const { firecracker_version: version } = (await api.get('/version')) as { firecracker_version?: unknown };
    return typeof version === 'string' && VERSION.test(version) ? version : undefined;
  } catch (error) {
    onProblem(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
