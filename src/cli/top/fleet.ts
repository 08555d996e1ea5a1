/**
 * The sandboxes of all nodes, from a Prometheus that scrapes their monitors, or from any server with its query API (Thanos,
 * Mimir, VictoriaMetrics), as the objects of the API. Used by `kata-metrics top` and `page` with `--prometheus`.
 */
import type { SandboxDetail } from '../../api/index.ts';
import type { NodeReading, ReadNodeRequest } from '../../monitor/local-node.ts';
import type { SandboxRates } from '../../view/index.ts';
import { type FleetSandbox, toDetail, toFleetSandboxes, toSnapshot } from './fleet-sandboxes.ts';
import { type ByteBudget, type JsonClient, type JsonClientOptions, openJsonClient } from './json-client.ts';
import { GAUGES_QUERY, MONITORS_QUERY, query, rateQueries, SCRAPE_TIME_QUERY, sandboxQuery } from './prom-ql.ts';

export interface FleetOptions extends Omit<JsonClientOptions, 'hasPath' | 'hints' | 'option' | 'what'> {
  /** Version of the package. */
  readonly version: string;
}

export interface Fleet {
  /**
   * A few instant queries, and one for each of `detailIds`. The limit of time is that of the client.
   * @throws {CliError} when Prometheus does not respond as it should
   * @throws the signal's reason
   */
  read(request: Pick<ReadNodeRequest, 'detailIds' | 'signal'>): Promise<NodeReading>;
  close(): void;
}

/** Limit of all responses of one read together, because they are in memory at once. */
const MAX_BYTES = 128 * 1024 * 1024;

const hints: Readonly<Record<number, string>> = {
  401: 'the server requires a password: use --username and --password-file',
  403: 'the server requires a client certificate, or refuses the query',
  404: 'this is not the address of a Prometheus: its query API is missing',
};

/** @throws {OptionError} when the options do not describe a server, or a file of theirs cannot be read */
export function openFleet({ version, ...options }: FleetOptions): Fleet {
  const what = 'the query API of Prometheus';
  const client = openJsonClient({ ...options, option: 'prometheus', hasPath: true, what, hints });
  return {
    read: async ({ detailIds = new Set(), signal }) => {
      const startMs = performance.now();
      const budget = { maxBytes: MAX_BYTES, usedBytes: 0 };
      const names = Object.keys(rateQueries) as (keyof SandboxRates)[];
      const [gauges, times, monitors, ...rates] = await Promise.all(
        [GAUGES_QUERY, SCRAPE_TIME_QUERY, MONITORS_QUERY, ...names.map((name) => rateQueries[name])].map((expression) =>
          query(client, expression, signal, budget),
        ),
      );
      const ratesByName = new Map(names.map((name, i) => [name, rates[i] ?? []]));
      const found = toFleetSandboxes(gauges ?? [], times ?? [], ratesByName);
      const seconds = (performance.now() - startMs) / 1000;
      const wanted = found.filter(({ status }) => detailIds.has(status.id));
      const details = await Promise.all(wanted.map((sandbox) => readDetail(client, sandbox, signal, budget)));
      return {
        snapshot: toSnapshot(found, { monitors: monitors ?? [], url: options.url, seconds, version }),
        details: new Map(details.map((detail) => [detail.sandbox.id, detail])),
      };
    },
    close: () => client.close(),
  };
}

async function readDetail(
  client: JsonClient,
  sandbox: FleetSandbox,
  signal: AbortSignal,
  budget: ByteBudget,
): Promise<SandboxDetail> {
  return toDetail(sandbox, await query(client, sandboxQuery(sandbox.status.id, sandbox.instance), signal, budget));
}
