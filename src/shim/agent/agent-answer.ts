/**
 * What became of one question to the agent, as data: a broken agent is a figure of the sandbox, never an exception.
 */

import type { StatsContainerResponse } from '../../proto/index.ts';
import { TransportError } from '../../transport/index.ts';
import { Code, TtrpcError } from '../../ttrpc/index.ts';

/** The values of `reason` that kata_shim_agent_error has in the catalog. */
export type AgentFailureReason =
  | 'connect'
  | 'deadline'
  | 'denied'
  | 'disconnected'
  | 'internal'
  | 'invalid'
  | 'slow'
  | 'too_large'
  | 'unimplemented';

export type AgentAnswer =
  | { readonly kind: 'ok'; readonly text: Buffer }
  | { readonly kind: 'failed'; readonly reason: AgentFailureReason; readonly message: string };

/** What became of a question for one container. */
export type StatsAnswer =
  | { readonly kind: 'ok'; readonly stats: StatsContainerResponse }
  | { readonly kind: 'failed'; readonly reason: AgentFailureReason | 'not_found'; readonly message: string };

/** NOT_FOUND is what some agents without a method answer instead of UNIMPLEMENTED. */
const REASONS: ReadonlyMap<Code, AgentFailureReason> = new Map<Code, AgentFailureReason>([
  [Code.deadlineExceeded, 'deadline'],
  [Code.permissionDenied, 'denied'],
  [Code.unauthenticated, 'denied'],
  [Code.unimplemented, 'unimplemented'],
  [Code.notFound, 'unimplemented'],
  [Code.resourceExhausted, 'too_large'],
  [Code.unavailable, 'disconnected'],
  [Code.cancelled, 'disconnected'],
]);

/** Turns whatever connecting or calling threw into a failed answer. */
export function toFailedAnswer(thrown: unknown): Extract<AgentAnswer, { kind: 'failed' }> {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof TransportError) {
    return { kind: 'failed', reason: thrown.code === 'timeout' ? 'deadline' : 'connect', message };
  }
  if (thrown instanceof TtrpcError) {
    // An answer that this side could not read is the agent's fault, not a failure within it.
    const isUnreadable = thrown.code === Code.internal && thrown.origin === 'local';
    return { kind: 'failed', reason: isUnreadable ? 'invalid' : (REASONS.get(thrown.code) ?? 'internal'), message };
  }
  return { kind: 'failed', reason: 'internal', message };
}

/**
 * As `toFailedAnswer`, for StatsContainer, where an agent reports an unknown container: the Rust agent and ours by
 * INVALID_ARGUMENT with this text, older ones by NOT_FOUND.
 */
export function toFailedStats(thrown: unknown): Extract<StatsAnswer, { kind: 'failed' }> {
  const answer = toFailedAnswer(thrown);
  const isUnknown =
    thrown instanceof TtrpcError &&
    thrown.origin === 'peer' &&
    (thrown.code === Code.notFound ||
      (thrown.code === Code.invalidArgument && /invalid container id/i.test(thrown.rawMessage)));
  return isUnknown ? { ...answer, reason: 'not_found' } : answer;
}
