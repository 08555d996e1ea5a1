/**
 * /proc/net/dev and /proc/<pid>/net/dev: what went through each interface. Collectors read it.
 */
import { toColumns, toWords } from './columns.ts';
import { nonEmptyLines } from './name-value.ts';
import { malformed } from './procfs-error.ts';
import { DEVICE_LIST_BYTES, type Pid, type Procfs, readText } from './read.ts';

const receiveColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'] as const;
const transmitColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'] as const;

export type ReceiveColumn = (typeof receiveColumns)[number];
export type TransmitColumn = (typeof transmitColumns)[number];

/** Counters of one interface, as digits: bytes, packets, events. */
export interface NetDevice {
  readonly name: string;
  readonly receive: Readonly<Record<ReceiveColumn, string>>;
  readonly transmit: Readonly<Record<TransmitColumn, string>>;
}

/** Two lines of headings, with bars between their columns. */
const HEADER_LINES = 2;

/**
 * Reads /proc/net/dev, see proc_pid_net(5): bytes and packets of the interfaces of the reader's network namespace, or of
 * a process's. Undefined when it, or the process, is not there.
 * @throws {ProcfsError}
 */
export async function readNetDev(procfs: Procfs, pid?: Pid): Promise<NetDevice[] | undefined> {
  const directory = pid === undefined ? [] : [String(pid)];
  const text = await readText(procfs, [...directory, 'net', 'dev'], DEVICE_LIST_BYTES);
  return text === undefined ? undefined : parseNetDev(text);
}

/** Columns that we do not know are passed over. @throws {ProcfsError} `malformed` */
export function parseNetDev(text: string): NetDevice[] {
  const lines = nonEmptyLines(text);
  const header = lines.slice(0, HEADER_LINES);
  if (header.length < HEADER_LINES || !header.every((line) => line.includes('|'))) {
    throw malformed('net/dev', 'a header of two lines', header.join('\n'));
  }
  return lines.slice(HEADER_LINES).map(parseLine);
}

/** Old kernels let the first figure touch the colon; a name could hold colons itself then, so the last one counts. */
function parseLine(line: string): NetDevice {
  const colon = line.lastIndexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim();
  const values = toWords(line.slice(colon + 1));
  const receive = toColumns(receiveColumns, values, { minColumns: receiveColumns.length });
  const transmit = toColumns(transmitColumns, values.slice(receiveColumns.length), {
    minColumns: transmitColumns.length,
  });
  if (name === '' || receive === undefined || transmit === undefined) {
    throw malformed('net/dev', 'a name, a colon and 16 counters', line);
  }
  return { name, receive: receive as NetDevice['receive'], transmit: transmit as NetDevice['transmit'] };
}
