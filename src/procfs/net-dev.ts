/**
 * /proc/net/dev and /proc/<pid>/net/dev.
 */
import { nonEmptyLines } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { type Pid, type Procfs, readText } from './read.ts';

const receiveColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'] as const;
const transmitColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'] as const;

export type ReceiveColumn = (typeof receiveColumns)[number];
export type TransmitColumn = (typeof transmitColumns)[number];

/** Counters of one interface, as digits. */
export interface NetDevice {
  readonly name: string;
  readonly receive: Readonly<Record<ReceiveColumn, string>>;
  readonly transmit: Readonly<Record<TransmitColumn, string>>;
}

/** The second line; the first only groups its columns. */
const HEADER = /^ *face *\|bytes .*\|bytes /;

/**
 * Reads /proc/net/dev, see proc_pid_net(5): the interfaces of the reader's network namespace, or of a process's.
 * @throws {ProcfsError}
 */
export async function readNetDev(procfs: Procfs, pid?: Pid): Promise<NetDevice[] | undefined> {
  const text = await readText(procfs, ...(pid === undefined ? [] : [String(pid)]), 'net', 'dev');
  return text === undefined ? undefined : parseNetDev(text);
}

/** Interface names can hold anything but blanks and `/`; old kernels put no blank behind their colon. @throws {ProcfsError} `malformed` */
export function parseNetDev(text: string): NetDevice[] {
  const [head, columnNames, ...lines] = nonEmptyLines(text);
  if (head !== undefined && !HEADER.test(columnNames ?? '')) {
    throw malformed('net/dev', 'a header of two lines', `${head}\n${columnNames ?? ''}`);
  }
  return lines.map((line) => {
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    const values = line
      .slice(colon + 1)
      .trim()
      .split(/[ \t]+/);
    const columns = receiveColumns.length + transmitColumns.length;
    if (name === '' || values.length !== columns || !values.every((value) => /^\d+$/.test(value))) {
      throw malformed('net/dev', 'a name, a colon and 16 counters', line);
    }
    return {
      name,
      receive: toRecord(receiveColumns, values),
      transmit: toRecord(transmitColumns, values.slice(receiveColumns.length)),
    };
  });
}

function toRecord<C extends string>(columns: readonly C[], values: readonly string[]): Record<C, string> {
  return Object.fromEntries(columns.map((column, i) => [column, values[i]])) as Record<C, string>;
}
