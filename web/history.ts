/**
 * The history of this browser: the last snapshots as numbers, in arrays of a fixed size. The monitor stores none. Memory per
 * sandbox does not grow, and a sandbox that has ended is forgotten after a minute.
 */
import type { SandboxDetail, Snapshot } from '../src/api/index.ts';
import {
  type DetailField,
  type DetailTotals,
  detailFields,
  readDetailTotals,
  type SandboxRow,
  toDetailRates,
  toRows,
} from '../src/view/index.ts';

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

function isField(name: DetailField | Field): name is Field {
  return name in fields;
}

export interface HistoryRow extends SandboxRow {
  /** When the sandbox was first missing, in seconds since 1970. */
  readonly goneSeconds: number | undefined;
}

interface Details {
  readonly totals: DetailTotals;
  readonly values: Readonly<Record<DetailField, Float32Array>>;
}

interface Entry {
  row: SandboxRow;
  goneSeconds: number | undefined;
  readonly values: Readonly<Record<Field, Float32Array>>;
  /** Only of a sandbox whose details have been shown. */
  details: Details | undefined;
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
      clear(entry.details?.values, detailFields, slot);
    }
    for (const [id, entry] of this.#entries) {
      if (!rows.has(id)) {
        entry.goneSeconds ??= nowSeconds;
        clear(entry.values, fieldNames, slot);
        clear(entry.details?.values, detailFields, slot);
        if (nowSeconds - entry.goneSeconds > GONE_SECONDS) {
          this.#entries.delete(id);
        }
      }
    }
  }

  /** Adds what only the details of a sandbox have. They arrive after the snapshot of the same collection. */
  addDetail(detail: SandboxDetail): void {
    const entry = this.#entries.get(detail.sandbox.id);
    const totals = readDetailTotals(detail);
    const before = entry?.details;
    if (entry === undefined || totals === undefined || before?.totals.atSeconds === totals.atSeconds) {
      return;
    }
    const values = before?.values ?? newValues(detailFields);
    const slot = (this.#count - 1) % CAPACITY;
    for (const [field, rate] of toDetailRates(totals, before?.totals)) {
      values[field][slot] = rate;
    }
    entry.details = { totals, values };
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
  series(id: string, field: DetailField | Field, last = CAPACITY): (number | null)[] {
    const values = this.#valuesOf(id, field);
    return this.#slots(last).map((slot) => {
      const value = values?.[slot];
      return value === undefined || Number.isNaN(value) ? null : value;
    });
  }

  /** The sums of these fields; null where one is unknown. */
  sums(id: string, names: readonly Field[], last: number): (number | null)[] {
    const values = names.map((name) => this.#valuesOf(id, name));
    return this.#slots(last).map((slot) => {
      const sum = values.reduce((total, of) => total + (of?.[slot] ?? Number.NaN), 0);
      return Number.isNaN(sum) ? null : sum;
    });
  }

  /** Whether any value is known. */
  has(id: string, field: DetailField | Field): boolean {
    return this.#valuesOf(id, field)?.some((value) => !Number.isNaN(value)) ?? false;
  }

  #valuesOf(id: string, field: DetailField | Field): Float32Array | undefined {
    const entry = this.#entries.get(id);
    return isField(field) ? entry?.values[field] : entry?.details?.values[field];
  }

  #slots(last: number): number[] {
    const count = Math.min(this.#count, CAPACITY, last);
    return Array.from({ length: count }, (_, i) => (this.#count - count + i) % CAPACITY);
  }
}

function newEntry(row: SandboxRow): Entry {
  return { row, goneSeconds: undefined, values: newValues(fieldNames), details: undefined };
}

function newValues<F extends string>(names: readonly F[]): Readonly<Record<F, Float32Array>> {
  const values = names.map((name) => [name, new Float32Array(CAPACITY).fill(Number.NaN)]);
  return Object.fromEntries(values) as Record<F, Float32Array>;
}

function clear<F extends string>(
  values: Readonly<Record<F, Float32Array>> | undefined,
  names: readonly F[],
  slot: number,
): void {
  for (const name of values === undefined ? [] : names) {
    values![name][slot] = Number.NaN;
  }
}

function cpuOf({ node }: Snapshot, before: Snapshot | undefined): number | undefined {
  const seconds = node.nowSeconds - (before?.node.nowSeconds ?? node.nowSeconds);
  const cpuSeconds = node.process.cpuSecondsTotal - (before?.node.process.cpuSecondsTotal ?? 0);
  return seconds > 0 && cpuSeconds >= 0 ? cpuSeconds / seconds : undefined;
}
