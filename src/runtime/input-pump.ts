/**
 * Copies the input of a process from its FIFO to the guest, and reports its end. If the process does not read, the FIFO
 * fills and the client blocks.
 */

import type { Log } from '../program/index.ts';
import type { Input } from './stdio.ts';

export interface InputPumpOptions {
  /** Resolves with how many of the bytes the guest has taken. */
  readonly write: (data: Uint8Array) => Promise<number>;
  readonly end: () => Promise<unknown>;
  readonly input: Input;
  readonly log: Log;
}

/** Resolves when the guest knows the end of the input, or does not take any more; never rejects. */
export async function pumpInput({ write, end, input, log }: InputPumpOptions): Promise<void> {
  try {
    for await (const chunk of input.stream as AsyncIterable<Buffer>) {
      for (let sent = 0; sent < chunk.length; ) {
        const taken = await write(chunk.subarray(sent));
        if (taken < 1 || taken > chunk.length - sent) {
          throw new RangeError(`the guest took ${taken} of ${chunk.length - sent} bytes`);
        }
        sent += taken;
      }
    }
    await end();
  } catch (error) {
    // Ended, or has closed its input: a writer that goes on sees a broken pipe, as without a virtual machine.
    log.debug(`Input ends early: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    input.close();
  }
}
