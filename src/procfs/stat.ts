/**
 * /proc/stat: the times of the CPUs since boot. Collectors read it; nothing is computed here.
 */
import { toColumns, toWords } from './columns.ts';
import { nonEmptyLines } from './name-value.ts';
import { isCount } from './number-text.ts';
import { DEVICE_LIST_BYTES, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

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
   * `guest_nice`. Later columns are missing on old kernels, and those that have wrapped below zero on all.
   */
  readonly fields: Readonly<Partial<Record<CpuColumn, string>>>;
}

export interface Stat {
  /** The sum first, then each CPU that is on line. */
  readonly cpus: readonly CpuTime[];
  /** When the machine was started, in seconds of Unix time, as digits. */
  readonly btimeSeconds: string | undefined;
}

/** Lines of CPUs and of the start, after blanks perhaps. */
const OURS = /^\s*(?:cpu|btime)/;

/** Reads /proc/stat, see proc_stat(5): clock ticks. Undefined when it is not there. */
export function readStat(procfs: Procfs): Stat | undefined {
  return readParsed(procfs, ['stat'], DEVICE_LIST_BYTES, parseStat);
}

/** Skips odd lines of CPUs and of the start; all other lines, and columns that we do not know, are passed over. */
export function parseStat(text: string, onSkipped: OnSkipped = ignoreSkipped): Stat {
  const cpus = new Map<string, CpuTime>();
  let btimeSeconds: string | undefined;
  for (const line of nonEmptyLines(text)) {
    // Others may have hundreds of columns.
    if (!OURS.test(line)) {
      continue;
    }
    const [name = '', ...values] = toWords(line);
    if (name.startsWith('cpu')) {
      const cpu = parseCpu(line, values, onSkipped);
      if (cpu !== undefined && !cpus.has(cpu.cpu)) {
        cpus.set(cpu.cpu, cpu);
      } else {
        onSkipped(line, `a CPU, once, and at least ${MIN_COLUMNS} counts of ticks`);
      }
    } else if (name === 'btime') {
      if (btimeSeconds !== undefined || !isCount(values[0])) {
        onSkipped(line, 'seconds, once');
      } else {
        btimeSeconds = values[0];
      }
    }
  }
  return { cpus: [...cpus.values()], btimeSeconds };
}

function parseCpu(line: string, values: readonly string[], onSkipped: OnSkipped): CpuTime | undefined {
  const number = /^cpu(\d{0,10})[ \t]/.exec(line)?.[1];
  const columns = toColumns(cpuColumns, values, { minColumns: MIN_COLUMNS });
  if (number === undefined || columns === undefined) {
    return undefined;
  }
  if (columns.isPartial) {
    onSkipped(line, 'ticks that are not below zero');
  }
  return { cpu: number === '' ? 'total' : number, fields: columns.fields };
}
