/**
 * The state of a sandbox whose shim responds, from the metrics of its guest. `ls` and the table of `up` show it. Pure.
 */
import { readSampleLine, type Scan } from '../exposition/index.ts';

/**
 * `running`: the response has metrics of the guest. `booting`: none yet, and the sandbox is young. `guest-unresponsive`: no
 * longer any, because the guest is paused or has crashed, or never any although the sandbox was started long ago.
 */
export type GuestState = 'booting' | 'guest-unresponsive' | 'running';

export interface GuestFacts {
  readonly isGuestUp: boolean;
  /** Whether the guest is known to have responded before. */
  readonly hasResponded: boolean;
  /** Since the sandbox was started; undefined if unknown. */
  readonly ageSeconds: number | undefined;
}

/** Twice the 60 s that Kata's runtimes wait for a container to be created (create_container_timeout). */
const BOOT_SECONDS = 120;

export function guestState({ isGuestUp, hasResponded, ageSeconds }: GuestFacts): GuestState {
  if (isGuestUp) {
    return 'running';
  }
  return !hasResponded && (ageSeconds ?? BOOT_SECONDS) < BOOT_SECONDS ? 'booting' : 'guest-unresponsive';
}

/** kata-shim reports the version of the agent after its first response; the shims of other runtimes do not. */
export function hasAgentVersion(scanned: Scan): boolean {
  const info = scanned.form.families.find(({ name }) => name === 'kata_shim_sandbox_info');
  return (info?.segments ?? []).some(({ from, to }) =>
    Array.from({ length: to - from }, (_, i) => readSampleLine(scanned, from + i)).some(({ labels }) =>
      labels.some(([name, value]) => name === 'agent_version' && value !== ''),
    ),
  );
}
