/**
 * The state of a sandbox whose shim responds, from the metrics of its guest. `ls` and the table of `up` show it. Pure.
 */
import { readNumber, readSampleLine, type Scan } from '../exposition/index.ts';

/**
 * `running`: the response has metrics of the guest. `paused`: the shim reports that the virtual machine is paused.
 * `booting`: no metrics yet, and the sandbox is young. `guest-unresponsive`: no longer any, because the guest has crashed, or
 * is paused and the shim does not report that, or never any although the sandbox was started long ago.
 */
export type GuestState = 'booting' | 'guest-unresponsive' | 'paused' | 'running';

export interface GuestFacts {
  readonly isPaused: boolean;
  readonly isGuestUp: boolean;
  /** Whether the guest is known to have responded before. */
  readonly hasResponded: boolean;
  /** Since the sandbox was started; undefined if unknown. */
  readonly ageSeconds: number | undefined;
}

/** Twice the 60 s that Kata's runtimes wait for a container to be created (create_container_timeout). */
const BOOT_SECONDS = 120;

export function guestState({ isPaused, isGuestUp, hasResponded, ageSeconds }: GuestFacts): GuestState {
  if (isPaused) {
    return 'paused';
  }
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

/** 1 while the virtual machine is paused; only our shim has it. */
export const PAUSED_FAMILY = 'kata_hypervisor_paused';

export function isPausedIn({ form: { families }, values }: Scan): boolean {
  const segment = families.find(({ name }) => name === PAUSED_FAMILY)?.segments[0];
  return segment !== undefined && readNumber(values, segment.from) === 1;
}
