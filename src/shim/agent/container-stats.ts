/**
 * The figures of a sandbox's containers, asked of the agent when somebody wants them: for the pod overhead, and as JSON
 * for GET /containers. Bounded in number, in bytes and in time; an agent that hangs costs its own answer only.
 */
import { toJson } from '@bufbuild/protobuf';
import { StatsContainerResponseSchema } from '../../proto/index.ts';
import type { StatsAnswer } from './agent-answer.ts';
import type { AgentLink } from './agent-link.ts';

export interface ContainerStatsOptions {
  readonly agent: Pick<AgentLink, 'statsContainer'>;
  /** Of the containers that the shim was told of. */
  readonly ids: readonly string[];
  readonly timeoutMs: number;
}

/** Pods have a few containers; this is a bound for what one request makes the agent do. */
export const MAX_CONTAINERS = 64;

/** memory.stat has 60 lines, and a guest a few disks and interfaces: 10 KB. */
const MAX_CONTAINER_JSON_CHARS = 256 * 1024;

/** By the ids of the containers. Never rejects. */
export async function askContainers({
  agent,
  ids,
  timeoutMs,
}: ContainerStatsOptions): Promise<ReadonlyMap<string, StatsAnswer>> {
  const asked = ids.map(
    async (id): Promise<[string, StatsAnswer]> => [id, await agent.statsContainer(id, { timeoutMs })],
  );
  return new Map(await Promise.all(asked));
}

/**
 * `{"containers":[{"id":…,"stats":{…}},{"id":…,"error":{"reason":…,"message":…}}]}`, with the stats as protobuf's own JSON
 * has them: names in camel case, 64-bit numbers as strings, zeros left out.
 */
export function renderContainers(answers: ReadonlyMap<string, StatsAnswer>): string {
  return `{"containers":[${[...answers].map(([id, answer]) => renderContainer(id, answer)).join()}]}\n`;
}

function renderContainer(id: string, answer: StatsAnswer): string {
  if (answer.kind === 'failed') {
    const { reason, message } = answer;
    return JSON.stringify({ id, error: { reason, message } });
  }
  const text = JSON.stringify({ id, stats: toJson(StatsContainerResponseSchema, answer.stats) });
  if (text.length > MAX_CONTAINER_JSON_CHARS) {
    const message = `Figures of container "${id}" have ${text.length} characters, at most ${MAX_CONTAINER_JSON_CHARS} are passed on`;
    return JSON.stringify({ id, error: { reason: 'too_large', message } });
  }
  return text;
}
