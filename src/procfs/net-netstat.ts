/**
 * /proc/<pid>/net/netstat: what the network stack of a process's network namespace counts beyond SNMP. Collectors read it.
 */
import { nonEmptyLines } from './name-value.ts';
import { isCount } from './number-text.ts';
import { type Pid, type Procfs, readParsedOfProcess } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

/** Limit: four lines of some 130 counters each. */
const MAX_BYTES = 64 * 1024;

/**
 * Bytes of IP packets over all interfaces since the namespace was made, lo too; decimal digits, undefined where the kernel
 * has no such column or the number is odd.
 */
export interface NetstatOctets {
  readonly inOctets: string | undefined;
  readonly outOctets: string | undefined;
}

/** Reads InOctets and OutOctets of IpExt, see proc_pid_net(5): bytes. Undefined when the process is not there. */
export function readNetstatOctets(procfs: Procfs, pid: Pid): NetstatOctets | undefined {
  return readParsedOfProcess(procfs, pid, 'net/netstat', MAX_BYTES, parseNetstatOctets);
}

/** Skips an odd line of values of IpExt; all other lines are passed over. */
export function parseNetstatOctets(text: string, onSkipped: OnSkipped = ignoreSkipped): NetstatOctets {
  const [nameLine = '', valueLine = ''] = nonEmptyLines(text).filter((line) => line.startsWith('IpExt: '));
  const names = nameLine.split(' ');
  const values = valueLine.split(' ');
  const columnOf = (name: string): string | undefined => {
    const at = names.indexOf(name);
    const value = values[at];
    if (at >= 0 && !isCount(value)) {
      onSkipped(valueLine, `a number for ${name}`);
    }
    return isCount(value) ? value : undefined;
  };
  return { inOctets: columnOf('InOctets'), outOctets: columnOf('OutOctets') };
}
