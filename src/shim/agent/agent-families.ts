/**
 * The agent's contribution to one scrape: its text after the checks, and the families that report the outcome.
 */
import { type CatalogFamily, family, singleFamily } from '../../collectors/index.ts';
import { type BodyChecker, describeFault } from '../../exposition/index.ts';
import type { AgentFailureReason, AgentResult } from './agent-result.ts';

export interface CheckedAgentMetrics {
  /** Text 0.0.4, empty when there is none. */
  readonly body: Buffer;
  readonly families: readonly CatalogFamily[];
  /** Samples that were refused, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** Text for the log: why there are no samples, or the first fault. */
  readonly problem: string | undefined;
}

const NOTHING = Buffer.alloc(0);

/** Checks the text of the agent in small steps, so that it does not delay the metrics of the host. */
export function* checkAgentResult(result: AgentResult, checker: BodyChecker): Generator<void, CheckedAgentMetrics> {
  if (result.kind === 'failed') {
    return { body: NOTHING, families: describe(result.reason), refused: new Map(), problem: result.message };
  }
  const { body, sampleCount, refused, faults } = yield* checker.check(result.text);
  const [firstFault] = faults;
  const problem =
    firstFault === undefined ? undefined : `Dropped part of the agent's text: ${describeFault(firstFault)}`;
  if (sampleCount === 0) {
    return {
      body: NOTHING,
      families: describe('invalid'),
      refused,
      problem: problem ?? 'The agent returned no samples',
    };
  }
  const reason = refused.has('too_many_bytes') ? 'too_large' : result.isLate === true ? 'slow' : undefined;
  return { body, families: describe(reason, true), refused, problem };
}

function describe(reason: AgentFailureReason | undefined, isUp = false): CatalogFamily[] {
  return [
    singleFamily('kata_shim_agent_up', isUp ? 1 : 0),
    family('kata_shim_agent_error', reason === undefined ? [] : [{ labels: { reason }, value: 1 }]),
  ];
}
