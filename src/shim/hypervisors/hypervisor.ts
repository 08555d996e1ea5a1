/**
 * What a shim has to know of the thing that holds its sandbox. One file beside this one for each kind.
 */
import type { Address } from '../../transport/index.ts';
import type { GuestUseSource } from '../metrics-page.ts';

export interface Hypervisor {
  readonly pid: number;
  readonly virtiofsdPid: number | undefined;
  readonly agentAddress: Address;
  readonly guestUse: GuestUseSource;
  /** Other processes of the sandbox that cost the host something; they may change. */
  readonly otherPids: () => readonly number[];
  /** Resolves with the reason when the sandbox is over by itself; never, where nobody can know. */
  readonly ended: Promise<string>;
  /** Ends what was started for the sandbox, and nothing else. Can be called again. */
  stop(): Promise<void>;
}
