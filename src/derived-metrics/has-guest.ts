/**
 * Whether the guest of a sandbox responded, determined from the body of its shim. Every runtime passes on the families of its
 * agent, and omits them when the agent does not respond, so this holds for all runtimes.
 */
import type { Scan } from '../exposition/index.ts';

const GUEST_PREFIX = 'kata_guest_';

/** True when the body holds at least one sample of a guest family. */
export function hasGuestSamples({ form: { families } }: Scan): boolean {
  return families.some(({ name, segments }) => segments.length > 0 && name.startsWith(GUEST_PREFIX));
}
