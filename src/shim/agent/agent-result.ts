/**
 * The result of one request to the agent, as data: a broken agent is a metric of the sandbox, never an exception.
 */

import type { StatsContainerResponse } from '../../proto/index.ts';
import { TransportError } from '../../transport/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';

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

export type AgentResult =
  /** `isLate`: of the request before this one, because the agent did not respond to this one in time. */
  | { readonly kind: 'ok'; readonly text: Buffer; readonly isLate?: boolean }
  | { readonly kind: 'failed'; readonly reason: AgentFailureReason; readonly message: string };

/** The result of a StatsContainer request for one container. */
export type StatsResult =
  | { readonly kind: 'ok'; readonly stats: StatsContainerResponse }
  | { readonly kind: 'failed'; readonly reason: AgentFailureReason | 'not_found'; readonly message: string };

/** The result of reading one exporter in the guest. */
export type ExporterResult =
  /** `isTruncated`: the exporter sent more bytes than requested. */
  | { readonly kind: 'ok'; readonly text: Buffer; readonly isTruncated: boolean }
  | {
      readonly kind: 'failed';
      /** `absent`: nothing listens at the address. `invalid`: what listens there is no exporter. */
      readonly reason: AgentFailureReason | 'absent';
      readonly message: string;
    };

/** Some agents that lack a method respond with NOT_FOUND instead of UNIMPLEMENTED. */
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

/** Converts an error of connecting or calling into a failed result. */
export function toFailedResult(thrown: unknown): Extract<AgentResult, { kind: 'failed' }> {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof TransportError) {
    return { kind: 'failed', reason: thrown.code === 'timeout' ? 'deadline' : 'connect', message };
  }
  if (thrown instanceof TtrpcError) {
    // A response that this side cannot parse is the agent's fault, not an internal failure of the agent.
    const isUnreadable = thrown.code === Code.internal && thrown.origin === 'local';
    return { kind: 'failed', reason: isUnreadable ? 'invalid' : (REASONS.get(thrown.code) ?? 'internal'), message };
  }
  return { kind: 'failed', reason: 'internal', message };
}

/**
 * Like `toFailedResult`, for StatsContainer. The Rust agent and that of this project report an unknown container by
 * INVALID_ARGUMENT with this text, older ones by NOT_FOUND.
 */
export function toFailedStats(thrown: unknown): Extract<StatsResult, { kind: 'failed' }> {
  const result = toFailedResult(thrown);
  const isUnknown =
    thrown instanceof TtrpcError &&
    thrown.origin === 'peer' &&
    (thrown.code === Code.notFound ||
      (thrown.code === Code.invalidArgument && /invalid container id/i.test(thrown.rawMessage)));
  return isUnknown ? { ...result, reason: 'not_found' } : result;
}

/** Like `toFailedResult`, for an exporter: the response of the agent describes its failure. */
export function toFailedExporter(thrown: unknown): Extract<ExporterResult, { kind: 'failed' }> {
  const result = toFailedResult(thrown);
  if (!(thrown instanceof TtrpcError) || thrown.origin !== 'peer') {
    return result;
  }
  const reason = exporterReasons.get(thrown.code);
  return reason === undefined ? result : { ...result, reason };
}

const exporterReasons: ReadonlyMap<Code, AgentFailureReason | 'absent'> = new Map<Code, AgentFailureReason | 'absent'>([
  [Code.failedPrecondition, 'invalid'],
  [Code.unavailable, 'absent'],
]);
