/**
 * Memory and CPU time of the whole guest, taken from the agent's checked text. For the pod overhead of a sandbox whose
 * containers are not known.
 */
import {
  type BodyForm,
  ChunkPool,
  readNumber,
  readSampleLine,
  type Scan,
  scan,
  ValueSlabs,
} from '../../exposition/index.ts';
import type { Use } from './use.ts';

/** Time that a CPU worked: not idle, not waiting, not taken by the host; `guest` is in `user` already. See proc_stat(5). */
const BUSY_ITEMS: ReadonlySet<string> = new Set(['user', 'nice', 'system', 'irq', 'softirq']);

const MEMORY_ITEMS: ReadonlySet<string> = new Set(['mem_total', 'mem_available']);

/** A line of a form that has a needed value. */
interface ItemLine {
  readonly line: number;
  readonly item: string;
}

interface GuestLines {
  readonly form: BodyForm;
  readonly memory: readonly ItemLine[];
  readonly cpu: readonly ItemLine[];
}

/**
 * Reads `kata_guest_meminfo` (bytes) and `kata_guest_cpu_time` (milliseconds) of bodies that `BodyChecker` has passed. The
 * lines that it needs are located once per form.
 */
export class GuestUseReader {
  readonly #pool = new ChunkPool(1);
  #lines: GuestLines | undefined;

  read(body: Buffer): Use {
    const slabs = new ValueSlabs(this.#pool);
    const scanned = scan(body, { form: this.#lines?.form, slabs });
    if (this.#lines?.form !== scanned.form) {
      this.#lines = locateLines(scanned);
    }
    const memory = readItems(scanned, this.#lines.memory);
    const busy = readItems(scanned, this.#lines.cpu);
    slabs.release();
    const total = memory.get('mem_total');
    const available = memory.get('mem_available');
    return {
      memoryBytes: total === undefined || available === undefined ? undefined : total - available,
      cpuMs: busy.size === 0 ? undefined : new Map([['guest', [...busy.values()].reduce((sum, ms) => sum + ms, 0)]]),
    };
  }
}

function locateLines(scanned: Scan): GuestLines {
  return {
    form: scanned.form,
    memory: locateItems(scanned, 'kata_guest_meminfo', (item) => MEMORY_ITEMS.has(item)),
    cpu: locateItems(
      scanned,
      'kata_guest_cpu_time',
      (item, labels) => BUSY_ITEMS.has(item) && labels.get('cpu') === 'total',
    ),
  };
}

function locateItems(
  scanned: Scan,
  name: string,
  isWanted: (item: string, labels: ReadonlyMap<string, string>) => boolean,
): ItemLine[] {
  const lines: ItemLine[] = [];
  const segments = scanned.form.families.find((family) => family.name === name)?.segments ?? [];
  for (const { from, to } of segments) {
    for (let line = from; line < to; line++) {
      const labels = new Map(readSampleLine(scanned, line).labels);
      const item = labels.get('item') ?? '';
      if (isWanted(item, labels)) {
        lines.push({ line, item });
      }
    }
  }
  return lines;
}

function readItems({ values }: Scan, lines: readonly ItemLine[]): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (const { line, item } of lines) {
    const value = readNumber(values, line);
    if (Number.isFinite(value)) {
      items.set(item, value);
    }
  }
  return items;
}
