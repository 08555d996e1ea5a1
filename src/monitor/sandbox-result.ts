/**
 * What one scrape got from one sandbox.
 */
import type { Scan } from '../exposition/index.ts';
import type { ShimFailureReason } from '../shim-client/index.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Why a sandbox's figures are missing or not whole: what its socket did, what its body holds, or `internal`, a fault of
 * the monitor itself that shall cost no more than this sandbox.
 */
export type SandboxErrorReason =
  | ShimFailureReason
  | 'conflicting_family'
  | 'faulty_body'
  | 'forbidden_family'
  | 'internal';

export interface SandboxResult {
  readonly sandbox: Sandbox;
  /** Whether the shim answered in full. */
  readonly isUp: boolean;
  /** The families that can be used; undefined when none came. */
  readonly scan: Scan | undefined;
  /** What the shim sent, where that was all; `scan` refers to it. */
  readonly body: Buffer | undefined;
  /** In the order in which they were found, each once. */
  readonly errors: readonly SandboxErrorReason[];
  /** For the log: what happened, without the sandbox's name. */
  readonly message: string | undefined;
}

export function failedResult(sandbox: Sandbox, reason: SandboxErrorReason, message: string): SandboxResult {
  return { sandbox, isUp: false, scan: undefined, body: undefined, errors: [reason], message };
}
