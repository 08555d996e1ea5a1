/**
 * Checks whether a monitor could start with these settings now, for a caller that does expensive work first.
 */
import type { MonitorSettings } from '../settings/monitor.ts';
import { WebConfig } from '../web-config/index.ts';
import { checkAddress } from './http/listen.ts';

/**
 * Leaves no socket and no listener.
 * @throws {ListenError} when an address cannot be listened on.
 * @throws {WebConfigError} when the files for TLS and passwords cannot be used.
 */
export async function checkSettings({
  listenAddress,
  webAdminAddress,
  webConfig,
}: Pick<MonitorSettings, 'listenAddress' | 'webAdminAddress' | 'webConfig'>): Promise<void> {
  if (webConfig !== undefined) {
    new WebConfig(webConfig);
  }
  await checkAddress(listenAddress);
  if (webAdminAddress !== undefined) {
    await checkAddress(webAdminAddress);
  }
}
