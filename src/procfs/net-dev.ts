/**
 * /proc/<pid>/net/dev: the interfaces of a network namespace. See proc_pid_net(5).
 */
import { type Pid, type Procfs, readText } from './procfs.ts';

const RECEIVE = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'frame', 'compressed', 'multicast'] as const;
const TRANSMIT = ['bytes', 'packets', 'errs', 'drop', 'fifo', 'colls', 'carrier', 'compressed'] as const;

export interface NetDevice {
  readonly name: string;
  /** Digits. */
  readonly receive: Readonly<Record<(typeof RECEIVE)[number], string>>;
  readonly transmit: Readonly<Record<(typeof TRANSMIT)[number], string>>;
}

export async function readNetDev(fs: Procfs, pid: Pid = 'self'): Promise<readonly NetDevice[] | undefined> {
  const text = readText(fs, `${pid}/net/dev`) ?? (pid === 'self' ? readText(fs, 'net/dev') : undefined);
  return text === undefined ? undefined : parseNetDev(text);
}

export function parseNetDev(text: string): NetDevice[] {
  return Array.from(text.matchAll(/^ *(\S+?): *((?:\d+ +){15}\d+) *$/gm), ([, name = '', columns = '']) => {
    const values = columns.split(/ +/);
    const pick = <F extends string>(fields: readonly F[], from: number): Record<F, string> =>
      Object.fromEntries(fields.map((field, at) => [field, values[from + at]])) as Record<F, string>;
    return { name, receive: pick(RECEIVE, 0), transmit: pick(TRANSMIT, RECEIVE.length) };
  });
}
