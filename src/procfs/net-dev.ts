/**
 * /proc/net/dev and /proc/<pid>/net/dev: the traffic of each interface. Collectors read it.
 */
import { toColumns, toWords } from './columns.ts';
import { forgetLines, isBlank, type KeptLines, noKeptLines, parseLines } from './kept-lines.ts';
import { DEVICE_LIST_BYTES, type Pid, type Procfs, readParsed } from './read.ts';
import { ignoreSkipped, type OnSkipped } from './skipped.ts';

const receiveColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'] as const;
const transmitColumns = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'] as const;

export type ReceiveColumn = (typeof receiveColumns)[number];
export type TransmitColumn = (typeof transmitColumns)[number];

/** Counters of one interface, as digits: bytes, packets, events. One that has wrapped below zero is absent. */
export interface NetDevice {
  /** Bytes that are not UTF-8 as `\xff`. */
  readonly name: string;
  readonly receive: Readonly<Partial<Record<ReceiveColumn, string>>>;
  readonly transmit: Readonly<Partial<Record<TransmitColumn, string>>>;
}

/** Two lines of headings, with bars between their columns. */
const HEADER_LINES = 2;
const HEADER = /^(?:Inter-| *face) *\|.*\|/;

/** A name has at most 15 bytes; one that is not UTF-8 is written with four characters. */
const MAX_NAME_CHARS = 64;

/**
 * Reads /proc/net/dev, see proc_pid_net(5): bytes and packets of the interfaces of the reader's network namespace, or of
 * a process's. Undefined when it, or the process, is not there.
 */
export function readNetDev(procfs: Procfs, pid?: Pid): NetDevice[] | undefined {
  const directory = pid === undefined ? [] : [String(pid)];
  return readParsed(procfs, [...directory, 'net', 'dev'], DEVICE_LIST_BYTES, parseNetDev);
}

/** Columns that we do not know are passed over; skips lines of another form, and interfaces that were there before. */
export function parseNetDev(
  text: string,
  onSkipped: OnSkipped = ignoreSkipped,
  kept: KeptLines = noKeptLines(),
): NetDevice[] {
  const devices = new Map<string, NetDevice>();
  let isOdd = false;
  const skip: OnSkipped = (line, expected) => {
    isOdd = true;
    onSkipped(line, expected);
  };
  const values = parseLines<NetDevice>(text, kept, (line) => (isBlank(line) ? undefined : parseLine(line, skip)));
  for (let i = 0, nonBlank = 0; i < values.length; i++) {
    const device = values[i];
    const line = kept.lines[i]!;
    if (isBlank(line)) {
      continue;
    }
    if (nonBlank++ < HEADER_LINES && HEADER.test(line)) {
      continue;
    }
    if (device !== undefined && !devices.has(device.name)) {
      devices.set(device.name, device);
    } else {
      skip(line, 'a name, once, a colon and 16 counters');
    }
  }
  if (isOdd) {
    forgetLines(kept);
  }
  return [...devices.values()];
}

/** Old kernels let the first number touch the colon; a name could hold colons itself then, so the last one counts. */
function parseLine(line: string, onSkipped: OnSkipped): NetDevice | undefined {
  const colon = line.lastIndexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim();
  const values = toWords(line.slice(colon + 1));
  const receive = toColumns(receiveColumns, values, { minColumns: receiveColumns.length });
  const transmit = toColumns(transmitColumns, values.slice(receiveColumns.length), {
    minColumns: transmitColumns.length,
  });
  if (name === '' || name.length > MAX_NAME_CHARS || receive === undefined || transmit === undefined) {
    return undefined;
  }
  if (receive.isPartial || transmit.isPartial) {
    onSkipped(line, 'counters that are not below zero');
  }
  return { name, receive: receive.fields, transmit: transmit.fields };
}
