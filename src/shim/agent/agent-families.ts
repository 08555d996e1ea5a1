/**
 * What the agent gave for one request: its text after the checks, and the families that say how it went.
 */
import { type CatalogFamily, family, singleFamily } from '../../collectors/index.ts';
import { checkBodyInSteps, describeFault } from '../../exposition/index.ts';
import type { AgentAnswer, AgentFailureReason } from './agent-answer.ts';
import { agentPolicy } from './agent-policy.ts';

export interface AgentFigures {
  /** Text 0.0.4, empty when there is none. */
  readonly body: Buffer;
  readonly families: readonly CatalogFamily[];
  /** Samples that were refused, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** For the log: why there is nothing, or the first thing that was refused. */
  readonly problem: string | undefined;
}

const NOTHING = Buffer.alloc(0);

/** In small steps: what a guest sends must not hold up the host-side metrics. */
export function* checkAgentAnswer(answer: AgentAnswer): Generator<void, AgentFigures> {
  if (answer.kind === 'failed') {
    return { body: NOTHING, families: describe(answer.reason), refused: new Map(), problem: answer.message };
  }
  const { body, sampleCount, refused, faults } = yield* checkBodyInSteps(answer.text, agentPolicy);
  const [firstFault] = faults;
  const problem =
    firstFault === undefined ? undefined : `Agent's text was refused in part: ${describeFault(firstFault)}`;
  if (sampleCount === 0) {
    return { body: NOTHING, families: describe('invalid'), refused, problem: problem ?? 'Agent gave no samples' };
  }
  const isCut = refused.has('too_many_bytes');
  return { body, families: describe(isCut ? 'too_large' : undefined, true), refused, problem };
}

function describe(reason: AgentFailureReason | undefined, isUp = false): CatalogFamily[] {
  return [
    singleFamily('kata_shim_agent_up', isUp ? 1 : 0),
    family('kata_shim_agent_error', reason === undefined ? [] : [{ labels: { reason }, value: 1 }]),
  ];
}
