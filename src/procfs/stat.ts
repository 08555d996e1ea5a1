/**
 * /proc/stat: CPU times and boot time. See proc_stat(5).
 */
import { type Procfs, readText } from './procfs.ts';

/** Columns of a cpu line in their order; old kernels have fewer. */
const CPU_FIELDS = [
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

export type CpuField = (typeof CPU_FIELDS)[number];

export interface CpuTimes {
  /** A CPU's number, or `total`. */
  readonly cpu: string;
  /** Clock ticks as digits, only those that the kernel has. */
  readonly fields: Readonly<Partial<Record<CpuField, string>>>;
}

export interface Stat {
  readonly cpus: readonly CpuTimes[];
  /** Unix time of the boot, as digits. */
  readonly btimeSeconds: string | undefined;
}

export async function readStat(fs: Procfs): Promise<Stat | undefined> {
  const text = readText(fs, 'stat');
  return text === undefined ? undefined : parseStat(text);
}

export function parseStat(text: string): Stat {
  const cpus = Array.from(text.matchAll(/^cpu(\d*) +([\d ]+)$/gm), ([, number = '', columns = '']) => {
    const values = columns.trim().split(/ +/);
    const known = CPU_FIELDS.slice(0, values.length);
    return {
      cpu: number === '' ? 'total' : number,
      fields: Object.fromEntries(known.map((field, at) => [field, values[at]])),
    };
  });
  return { cpus, btimeSeconds: /^btime (\d+)$/m.exec(text)?.[1] };
}
