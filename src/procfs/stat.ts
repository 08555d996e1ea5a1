/**
 * /proc/stat.
 */
import { nonEmptyLines } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { type Procfs, readText } from './read.ts';

/** The columns of a cpu line; kernels before 2.6.33 have fewer. */
const cpuColumns = [
  'user',
  'nice',
  'system',
  'idle',
  'iowait',
  'irq',
  'softirq',
  'steal',
  'guest',
  'guest_nice',
] as const;

/** Columns that every kernel has. */
const MIN_COLUMNS = 4;

export type CpuColumn = (typeof cpuColumns)[number];

export interface CpuTime {
  /** Number of the CPU, or `total` for the sum of all. */
  readonly cpu: string;
  /** Clock ticks since the start, as digits. Later columns are missing on old kernels. */
  readonly fields: Readonly<Partial<Record<CpuColumn, string>>>;
}

export interface Stat {
  /** The sum first, then each CPU that is on line. */
  readonly cpus: readonly CpuTime[];
  /** When the machine was started, in Unix time. */
  readonly btimeSeconds: string | undefined;
}

/** Reads /proc/stat, see proc_stat(5). @throws {ProcfsError} */
export async function readStat(procfs: Procfs): Promise<Stat | undefined> {
  const text = await readText(procfs, 'stat');
  return text === undefined ? undefined : parseStat(text);
}

/** Lines other than `cpu` and `btime` are passed over. @throws {ProcfsError} `malformed` */
export function parseStat(text: string): Stat {
  const cpus: CpuTime[] = [];
  let btimeSeconds: string | undefined;
  for (const line of nonEmptyLines(text)) {
    const [name = '', ...values] = line.trim().split(/[ \t]+/);
    if (name.startsWith('cpu')) {
      cpus.push(parseCpu(line, name.slice('cpu'.length), values));
    } else if (name === 'btime') {
      if (!/^\d+$/.test(values[0] ?? '')) {
        throw malformed('stat', 'seconds', line);
      }
      btimeSeconds = values[0];
    }
  }
  return { cpus, btimeSeconds };
}

function parseCpu(line: string, number: string, values: readonly string[]): CpuTime {
  const isWhole = /^\d*$/.test(number) && values.length >= MIN_COLUMNS && values.every((value) => /^\d+$/.test(value));
  if (!isWhole) {
    throw malformed('stat', `a CPU and at least ${MIN_COLUMNS} counts of ticks`, line);
  }
  const fields = Object.fromEntries(cpuColumns.slice(0, values.length).map((column, i) => [column, values[i]!]));
  return { cpu: number === '' ? 'total' : number, fields };
}
