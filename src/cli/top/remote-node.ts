/**
 * The sandboxes that a monitor serves under /api/v1.
 */
import { readAs, SchemaError } from '../../api/index.ts';
import { type JsonClientOptions, openJsonClient } from './json-client.ts';
import type { NodeSource } from './node-source.ts';

export type RemoteNodeOptions = Omit<JsonClientOptions, 'hasPath' | 'hints' | 'option' | 'what'>;

/** What the user can do about an error of the monitor, by HTTP status. */
export const monitorHints: Readonly<Record<number, string>> = {
  401: 'the monitor requires a password: use --username and --password-file',
  403: 'the monitor requires a client certificate, or does not accept this host name (--web.allowed-hosts)',
  404: 'the monitor does not serve its API on this address (--web.page)',
  503: 'the monitor has too many concurrent requests',
};

/** @throws {OptionError} when the options do not describe a monitor, or a file of theirs cannot be read */
export function openRemoteNode(options: RemoteNodeOptions): NodeSource {
  const client = openJsonClient({
    ...options,
    option: 'url',
    hasPath: false,
    what: 'the API of a monitor',
    hints: monitorHints,
  });
  const read = <N extends 'SandboxDetail' | 'Snapshot'>(name: N, value: unknown) => {
    try {
      return readAs(name, value);
    } catch (error) {
      throw error instanceof SchemaError ? client.fail(`it is not the API of a monitor: ${error.message}`) : error;
    }
  };
  return {
    read: async (signal, detailId) => {
      const snapshot = read('Snapshot', await client.get('/api/v1/sandboxes', signal));
      const isPresent = detailId !== undefined && snapshot.sandboxes.some(({ id }) => id === detailId);
      const path = `/api/v1/sandboxes/${encodeURIComponent(detailId ?? '')}`;
      return { snapshot, detail: isPresent ? read('SandboxDetail', await client.get(path, signal)) : undefined };
    },
    close: () => client.close(),
  };
}
