/**
 * The history of this browser: the last snapshots as numbers, in arrays of a fixed size. The monitor stores none. Memory per
 * sandbox does not grow, and a sandbox that has ended is forgotten after a minute.
 */
import type { SandboxDetail, Snapshot } from '../src/api/index.ts';
import { type SandboxRow, toRows } from '../src/view/index.ts';

/** Ten minutes at one snapshot every 2 s. */
export const CAPACITY = 300;
/** How long a sandbox that has ended stays in the table. */
const GONE_SECONDS = 60;

const fields = {
  cpu: ({ rates }) => rates.cpuCores,
  cpuLimit: ({ status }) => status.cpu.cores,
  hostCpu: ({ rates }) => rates.hostCpuCores,
  memory: ({ status }) => status.memory.workingSetBytes,
  memoryTotal: ({ status }) => status.memory.totalBytes,
  hostMemory: ({ status }) => status.host.memoryBytes,
  overhead: ({ status }) => status.host.overheadMemoryBytes,
  receive: ({ rates }) => rates.receiveBytes,
  transmit: ({ rates }) => rates.transmitBytes,
  read: ({ rates }) => rates.readBytes,
  written: ({ rates }) => rates.writtenBytes,
  load: ({ status }) => status.load1,
  agent: ({ rates }) => rates.agentMilliseconds,
} as const satisfies Readonly<Record<string, (row: SandboxRow) => number | null | undefined>>;

export type Field = keyof typeof fields;

const fieldNames = Object.keys(fields) as Field[];

/** Modes of proc_stat(5) in the chart of CPU time; `user` includes `guest`. */
export const cpuModes = ['user', 'nice', 'system', 'irq', 'softirq', 'steal', 'iowait'] as const;

export type CpuMode = (typeof cpuModes)[number];

export interface HistoryRow extends SandboxRow {
  /** When the sandbox was first missing, in seconds since 1970. */
  readonly goneSeconds: number | undefined;
}

interface Entry {
  row: SandboxRow;
  goneSeconds: number | undefined;
  readonly values: Readonly<Record<Field | CpuMode, Float32Array>>;
  /** Totals of the CPU modes at the last detail. */
  modes: { readonly atSeconds: number; readonly seconds: ReadonlyMap<CpuMode, number> } | undefined;
}

export class History {
  readonly #times = new Float64Array(CAPACITY).fill(Number.NaN);
  readonly #entries = new Map<string, Entry>();
  #latest: Snapshot | undefined;
  #monitorCores: number | undefined;
  #count = 0;

  /** CPUs that the monitor used between the last two snapshots. */
  get monitorCores(): number | undefined {
    return this.#monitorCores;
  }

  get latest(): Snapshot | undefined {
    return this.#latest;
  }

  /** Whether the sandboxes are those of several nodes, from a Prometheus. */
  get hasNodes(): boolean {
    return typeof this.#latest?.node.nodes === 'number';
  }

  /** Where the sandboxes are, for messages. */
  get place(): string {
    return this.hasNodes ? 'in this Prometheus' : 'on this node';
  }

  add(snapshot: Snapshot): void {
    const slot = this.#count++ % CAPACITY;
    const nowSeconds = snapshot.node.nowSeconds;
    this.#times[slot] = nowSeconds;
    const rows = new Map(toRows(snapshot, this.#latest).map((row) => [row.status.id, row]));
    this.#monitorCores = cpuOf(snapshot, this.#latest);
    this.#latest = snapshot;
    for (const [id, row] of rows) {
      const entry = this.#entries.get(id) ?? newEntry(row);
      this.#entries.set(id, entry);
      entry.row = row;
      entry.goneSeconds = undefined;
      for (const name of fieldNames) {
        entry.values[name][slot] = fields[name](row) ?? Number.NaN;
      }
      clear(entry, cpuModes, slot);
    }
    for (const [id, entry] of this.#entries) {
      if (!rows.has(id)) {
        entry.goneSeconds ??= nowSeconds;
        clear(entry, fieldNames, slot);
        clear(entry, cpuModes, slot);
        if (nowSeconds - entry.goneSeconds > GONE_SECONDS) {
          this.#entries.delete(id);
        }
      }
    }
  }

  /** Adds what only the details of a sandbox have. They arrive after the snapshot of the same collection. */
  addDetail({ sandbox, families }: SandboxDetail): void {
    const entry = this.#entries.get(sandbox.id);
    const atSeconds = sandbox.readSeconds;
    if (entry === undefined || atSeconds === null || entry.modes?.atSeconds === atSeconds) {
      return;
    }
    const samples = families.find(({ name }) => name === 'kata_guest_cpu_time')?.samples ?? [];
    const seconds = new Map<CpuMode, number>();
    for (const { labels, value } of samples) {
      const mode = cpuModes.find((each) => each === labels['item']);
      if (mode !== undefined && labels['cpu'] === 'total') {
        seconds.set(mode, Number(value) / 1000);
      }
    }
    const slot = (this.#count - 1) % CAPACITY;
    for (const [mode, now] of seconds) {
      const before = entry.modes?.seconds.get(mode);
      const elapsed = atSeconds - (entry.modes?.atSeconds ?? atSeconds);
      const isKnown = before !== undefined && now >= before && elapsed > 0;
      entry.values[mode][slot] = isKnown ? (now - before) / elapsed : Number.NaN;
    }
    entry.modes = { atSeconds, seconds };
  }

  rows(): HistoryRow[] {
    return [...this.#entries.values()].map(({ row, goneSeconds }) => ({ ...row, goneSeconds }));
  }

  find(id: string): HistoryRow | undefined {
    const entry = this.#entries.get(id);
    return entry && { ...entry.row, goneSeconds: entry.goneSeconds };
  }

  /** The oldest one, in seconds since 1970; undefined before the first snapshot. */
  get firstSeconds(): number | undefined {
    const [slot] = this.#slots(CAPACITY);
    return slot === undefined ? undefined : this.#times[slot];
  }

  /** Seconds since 1970, oldest first. */
  times(last = CAPACITY): number[] {
    return this.#slots(last).map((slot) => this.#times[slot]!);
  }

  /** The values of a sandbox at these times; null where unknown. */
  series(id: string, field: CpuMode | Field, last = CAPACITY): (number | null)[] {
    const values = this.#entries.get(id)?.values[field];
    return this.#slots(last).map((slot) => {
      const value = values?.[slot];
      return value === undefined || Number.isNaN(value) ? null : value;
    });
  }

  #slots(last: number): number[] {
    const count = Math.min(this.#count, CAPACITY, last);
    return Array.from({ length: count }, (_, i) => (this.#count - count + i) % CAPACITY);
  }
}

function newEntry(row: SandboxRow): Entry {
  const names = [...fieldNames, ...cpuModes];
  const values = Object.fromEntries(names.map((name) => [name, new Float32Array(CAPACITY).fill(Number.NaN)]));
  return { row, goneSeconds: undefined, values: values as Entry['values'], modes: undefined };
}

function clear({ values }: Entry, names: readonly (CpuMode | Field)[], slot: number): void {
  for (const name of names) {
    values[name][slot] = Number.NaN;
  }
}

function cpuOf({ node }: Snapshot, before: Snapshot | undefined): number | undefined {
  const seconds = node.nowSeconds - (before?.node.nowSeconds ?? node.nowSeconds);
  const cpuSeconds = node.process.cpuSecondsTotal - (before?.node.process.cpuSecondsTotal ?? 0);
  return seconds > 0 && cpuSeconds >= 0 ? cpuSeconds / seconds : undefined;
}
