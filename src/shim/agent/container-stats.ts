/**
 * The statistics of a sandbox's containers, requested from the agent on demand: for the pod overhead, and as JSON for
 * GET /containers. Limited in number, bytes and time; an unresponsive agent affects its own result only.
 */
import { AgentService } from '../../proto/agent-messages.ts';
import { toJson } from '../../wire/index.ts';
import type { AgentLink } from './agent-link.ts';
import type { StatsResult } from './agent-result.ts';

export interface ContainerStatsOptions {
  readonly agent: Pick<AgentLink, 'statsContainer'>;
  /** Ids of the configured containers. */
  readonly ids: readonly string[];
  readonly timeoutMs: number;
}

/** Pods have a few containers; this limits the work that one request causes in the agent. */
export const MAX_CONTAINERS = 64;

/** memory.stat has 60 lines, and a guest a few disks and interfaces: 10 KB. */
const MAX_CONTAINER_JSON_CHARS = 256 * 1024;

/** Returns the statistics by container id. Never rejects. */
export async function queryContainers({
  agent,
  ids,
  timeoutMs,
}: ContainerStatsOptions): Promise<ReadonlyMap<string, StatsResult>> {
  const queries = ids.map(
    async (id): Promise<[string, StatsResult]> => [id, await agent.statsContainer(id, { timeoutMs })],
  );
  return new Map(await Promise.all(queries));
}

/**
 * `{"containers":[{"id":…,"stats":{…}},{"id":…,"error":{"reason":…,"message":…}}]}`, with the statistics in the JSON mapping
 * of protobuf: names in camel case, 64-bit numbers as strings, zeros omitted.
 */
export function renderContainers(results: ReadonlyMap<string, StatsResult>): string {
  return `{"containers":[${[...results].map(([id, result]) => renderContainer(id, result)).join()}]}\n`;
}

function renderContainer(id: string, result: StatsResult): string {
  if (result.kind === 'failed') {
    const { reason, message } = result;
    return JSON.stringify({ id, error: { reason, message } });
  }
  const text = JSON.stringify({ id, stats: toJson(AgentService.method.statsContainer.output, result.stats) });
  if (text.length > MAX_CONTAINER_JSON_CHARS) {
    const message = `Statistics of container "${id}" have ${text.length} characters, the limit is ${MAX_CONTAINER_JSON_CHARS}`;
    return JSON.stringify({ id, error: { reason: 'too_large', message } });
  }
  return text;
}
