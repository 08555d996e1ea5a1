/**
 * The final values of a guest, from the agent's checked text, with the same derivation as the monitor's.
 */
import { type Scan, scanInSteps, sumValues } from '../../exposition/index.ts';
import type { FinalValues } from '../../last-words/index.ts';
import type { PacedWork } from '../../program/index.ts';

const sources = {
  cpuSeconds: 'kata_sandbox_cpu_usage_seconds_total',
  networkReceiveBytes: 'kata_sandbox_network_receive_bytes_total',
  networkTransmitBytes: 'kata_sandbox_network_transmit_bytes_total',
  diskReadBytes: 'kata_sandbox_disk_read_bytes_total',
  diskWrittenBytes: 'kata_sandbox_disk_written_bytes_total',
} as const satisfies { readonly [N in keyof FinalValues]: string };

/** Reads the values in small steps, because the guest determines the size of the body. */
export async function readGuestValues(body: Buffer, work: PacedWork): Promise<FinalValues> {
  // When a sandbox ends: a shim that serves scrapes has no use for it.
  const { computeDerived, layOutDerived } = await import('../../derived-metrics/index.ts');
  return work.run(
    (function* () {
      const scanned = yield* scanInSteps(body);
      return toValues(yield* computeDerived(yield* layOutDerived(scanned, true), scanned));
    })(),
  );
}

function toValues(derived: Scan): FinalValues {
  const values: Record<string, number> = {};
  for (const [name, source] of Object.entries(sources)) {
    const family = derived.form.families.find((each) => each.name === source);
    if (family !== undefined) {
      values[name] = sumValues(derived, family) ?? 0;
    }
  }
  return values;
}
