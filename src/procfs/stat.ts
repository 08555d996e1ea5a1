/**
 * /proc/stat: what the CPUs did since the start. Collectors read it; nothing is computed here.
 */
import { toColumns, toWords } from './columns.ts';
import { nonEmptyLines } from './name-value.ts';
import { isUnsigned } from './number-text.ts';
import { malformed } from './procfs-error.ts';
import { DEVICE_LIST_BYTES, type Procfs, readText } from './read.ts';

/** Columns of a cpu line. `steal` came with Linux 2.6.11, `guest` with 2.6.24, `guest_nice` with 2.6.33. */
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
  /**
   * Clock ticks (hundredths of a second) since the start, as digits; `user` includes `guest`, `nice` includes
   * `guest_nice`. Later columns are missing on old kernels.
   */
  readonly fields: Readonly<Partial<Record<CpuColumn, string>>>;
}

export interface Stat {
  /** The sum first, then each CPU that is on line. */
  readonly cpus: readonly CpuTime[];
  /** When the machine was started, in seconds of Unix time, as digits. */
  readonly btimeSeconds: string | undefined;
}

/**
 * Reads /proc/stat, see proc_stat(5): clock ticks. Undefined when it is not there.
 * @throws {ProcfsError}
 */
export async function readStat(procfs: Procfs): Promise<Stat | undefined> {
  const text = await readText(procfs, ['stat'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseStat(text);
}

/** Lines other than `cpu` and `btime`, and columns that we do not know, are passed over. @throws {ProcfsError} `malformed` */
export function parseStat(text: string): Stat {
  const cpus: CpuTime[] = [];
  let btimeSeconds: string | undefined;
  for (const line of nonEmptyLines(text)) {
    const [name = '', ...values] = toWords(line);
    const number = /^cpu(\d*)$/.exec(name)?.[1];
    if (number !== undefined) {
      cpus.push(parseCpu(line, number, values));
    } else if (name === 'btime') {
      if (!isUnsigned(values[0])) {
        throw malformed('stat', 'seconds', line);
      }
      btimeSeconds = values[0];
    }
  }
  return { cpus, btimeSeconds };
}

function parseCpu(line: string, number: string, values: readonly string[]): CpuTime {
  const fields = toColumns(cpuColumns, values, { minColumns: MIN_COLUMNS });
  if (fields === undefined) {
    throw malformed('stat', `a CPU and at least ${MIN_COLUMNS} counts of ticks`, line);
  }
  return { cpu: number === '' ? 'total' : number, fields };
}
