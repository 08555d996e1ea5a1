/**
 * The state of a guest from the response of its shim to `/metrics`. A separate file, so that `ls` loads the scanner
 * only if the node has sandboxes.
 */

import { type GuestState, guestState, hasAgentVersion, isPausedIn } from '../derived-metrics/guest-state.ts';
import { hasGuestSamples } from '../derived-metrics/has-guest.ts';
import { scan } from '../exposition/index.ts';
import type { ShimResult } from '../shim-client/index.ts';

/**
 * State of the guest of a shim that responds. The shim of the Go runtime waits for its agent as long as the client waits
 * for the shim.
 */
export function readGuestState(response: ShimResult, ageSeconds: number | undefined): GuestState | 'broken' {
  if (response.kind === 'failed' && response.reason !== 'timeout') {
    return 'broken';
  }
  const body = response.kind === 'ok' ? response.body : (response.partialBody ?? Buffer.alloc(0));
  const scanned = scan(body, { isPartial: response.kind === 'failed' });
  const hasResponded = hasAgentVersion(scanned);
  const isPaused = isPausedIn(scanned);
  return guestState({ isPaused, isGuestUp: hasGuestSamples(scanned), hasResponded, ageSeconds });
}
