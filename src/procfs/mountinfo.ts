/**
 * /proc/<pid>/mountinfo. See proc_pid_mountinfo(5).
 */
import { type Pid, type Procfs, readText } from './procfs.ts';

export interface MountinfoEntry {
  readonly major: string;
  readonly minor: string;
  readonly mountPoint: string;
  /** The path itself, which need not be UTF-8. */
  readonly mountPointBytes: Buffer;
  readonly options: readonly string[];
  readonly fsType: string;
  readonly source: string;
  readonly superOptions: readonly string[];
}

export async function readMountinfo(fs: Procfs, pid: Pid): Promise<readonly MountinfoEntry[] | undefined> {
  const text = readText(fs, `${pid}/mountinfo`);
  return text === undefined ? undefined : parseMountinfo(text);
}

export function parseMountinfo(text: string): MountinfoEntry[] {
  return Array.from(
    text.matchAll(/^\d+ \d+ (\d+):(\d+) \S+ (\S+) (\S+) .*?- (\S+) (\S+) (\S+)$/gm),
    ([, major = '', minor = '', mountPoint = '', options = '', fsType = '', source = '', superOptions = '']) => ({
      major,
      minor,
      mountPoint: decodeOctal(mountPoint),
      mountPointBytes: Buffer.from(decodeOctal(mountPoint)),
      options: options.split(','),
      fsType,
      source: decodeOctal(source),
      superOptions: superOptions.split(','),
    }),
  );
}

/** Blanks, tabs, line feeds and backslashes stand as three octal digits. */
function decodeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
