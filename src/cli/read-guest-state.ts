/**
 * The state of a guest from the response of its shim to `/metrics`. A file of its own, for `ls` loads what reads metrics
 * only when there is a sandbox to read them of.
 */
import { hasGuestSamples } from '../derived-metrics/has-guest.ts';
import { scan } from '../exposition/index.ts';
import type { ShimResult } from '../shim-client/index.ts';
import { type GuestState, guestState, hasAgentVersion } from './guest-state.ts';

/** Of a shim that responds. The Go runtime's waits for its agent for as long as the client waits for it. */
export function readGuestState(answer: ShimResult, ageSeconds: number | undefined): GuestState | 'broken' {
  if (answer.kind === 'failed' && answer.reason !== 'timeout') {
    return 'broken';
  }
  const body = answer.kind === 'ok' ? answer.body : (answer.partialBody ?? Buffer.alloc(0));
  const scanned = scan(body, { isPartial: answer.kind === 'failed' });
  const hasResponded = hasAgentVersion(scanned);
  return guestState({ isGuestUp: hasGuestSamples(scanned), hasResponded, ageSeconds });
}
