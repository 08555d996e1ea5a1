/**
 * The meaning of a reason, and its runbook, in the words of the catalog, of the log and of docs/runbooks. Pure.
 */
import type { SandboxState, SandboxStatus } from '../api/index.ts';
import { sandboxErrorReasons } from '../catalog/sandbox-error-reasons.ts';

const reasons: Readonly<Record<string, string>> = sandboxErrorReasons;

/** A sentence or more, without marks; undefined for a reason of another version. */
export function describeReason(reason: string): string | undefined {
  return Object.hasOwn(reasons, reason) ? reasons[reason]?.replaceAll('`', '') : undefined;
}

const runbookOfReason: Readonly<Record<string, string>> = {
  local_shortage: 'katamonitorshortage.md',
  slow: 'katasandboxslow.md',
  unsafe_socket: 'katasandboxunsafesocket.md',
};

const runbookOfState: Readonly<Record<SandboxState, string | undefined>> = {
  running: undefined,
  booting: undefined,
  starting: undefined,
  paused: 'katasandboxpaused.md',
  'guest-unresponsive': 'kataguestunresponsive.md',
  unresponsive: 'katasandboxdown.md',
  broken: 'katasandboxdown.md',
  stale: 'katasandboxdown.md',
};

/** The file in docs/runbooks for an unhealthy sandbox; undefined for a healthy one. */
export function runbookOf({ state, reasons: present, isHealthy }: SandboxStatus): string | undefined {
  if (isHealthy) {
    return undefined;
  }
  const ofReason = present.map((reason) => runbookOfReason[reason]).find((name) => name !== undefined);
  return ofReason ?? runbookOfState[state] ?? 'katasandboxinvalidmetrics.md';
}
