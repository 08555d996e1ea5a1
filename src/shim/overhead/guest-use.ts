/**
 * Memory and CPU time of the whole guest, taken from the agent's checked text. For the pod overhead of a sandbox whose
 * containers are not known.
 */
import { readSampleLine, type Scan, scan } from '../../exposition/index.ts';
import type { Use } from './use.ts';

/** Time that a CPU worked: not idle, not waiting, not taken by the host; `guest` is in `user` already. See proc_stat(5). */
const BUSY_ITEMS: ReadonlySet<string> = new Set(['user', 'nice', 'system', 'irq', 'softirq']);

/** Reads `kata_guest_meminfo` (bytes) and `kata_guest_cpu_time` (milliseconds) of a body that `checkBody` has passed. */
export function readGuestUse(body: Buffer): Use {
  const scanned = scan(body);
  const memory = readItems(scanned, 'kata_guest_meminfo', () => true);
  const cpu = readItems(scanned, 'kata_guest_cpu_time', (labels) => labels.get('cpu') === 'total');
  const total = memory.get('mem_total');
  const available = memory.get('mem_available');
  const busy = [...cpu].filter(([item]) => BUSY_ITEMS.has(item));
  return {
    memoryBytes: total === undefined || available === undefined ? undefined : total - available,
    cpuMs: busy.length === 0 ? undefined : new Map([['guest', busy.reduce((sum, [, ms]) => sum + ms, 0)]]),
  };
}

function readItems(
  scanned: Scan,
  name: string,
  isWanted: (labels: ReadonlyMap<string, string>) => boolean,
): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  const segments = scanned.form.families.find((family) => family.name === name)?.segments ?? [];
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      const sample = readSampleLine(scanned, line);
      const labels = new Map(sample.labels);
      const value = Number(sample.value);
      if (isWanted(labels) && Number.isFinite(value)) {
        items.set(labels.get('item') ?? '', value);
      }
    }
  }
  return items;
}
