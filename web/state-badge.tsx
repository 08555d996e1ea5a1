/**
 * The state of a sandbox, by word, sign and colour, with the first reason.
 */
import type { SandboxStatus } from '../src/api/index.ts';

/** Not by colour alone. */
const signs: Readonly<Record<string, string>> = { running: '●', booting: '◔', starting: '◔', paused: '‖', gone: '○' };

export function StateBadge({ status, isGone }: { readonly status: SandboxStatus; readonly isGone: boolean }) {
  const state = isGone ? 'gone' : status.state;
  const [reason, ...more] = isGone ? [] : status.reasons.filter((each) => each !== state);
  return (
    <span class="state" data-state={state} data-healthy={isGone || status.isHealthy}>
      <span aria-hidden="true">{signs[state] ?? '▲'}</span> {state}
      {reason !== undefined && <span class="reason"> {more.length === 0 ? reason : `${reason} +${more.length}`}</span>}
    </span>
  );
}
