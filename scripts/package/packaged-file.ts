/**
 * What a package or an image holds, as data: the same list becomes a folder, an image or a .deb.
 */
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export type PackagedFile =
  | {
      /** From the root of the file system, such as `usr/bin/kata-monitor`. */
      readonly path: string;
      readonly mode: number;
      readonly content: Buffer;
    }
  | { readonly path: string; readonly target: string };

export const PROGRAM_MODE = 0o755;
const TEXT_MODE = 0o644;

export function textFile(path: string, content: Buffer | string, mode: number = TEXT_MODE): PackagedFile {
  return { path, mode, content: Buffer.from(content as string) };
}

/** Writes into a folder that is new or empty, with the same time for everything. `epochSeconds`: of that time. */
export function writeFiles(folder: string, files: readonly PackagedFile[], epochSeconds: number): void {
  for (const file of files) {
    const path = join(folder, file.path);
    mkdirSync(dirname(path), { recursive: true });
    if ('target' in file) {
      symlinkSync(file.target, path);
      lutimesSync(path, epochSeconds, epochSeconds);
    } else {
      writeFileSync(path, file.content, { flag: 'wx' });
      // Whatever the umask is.
      chmodSync(path, file.mode);
      utimesSync(path, epochSeconds, epochSeconds);
    }
  }
  // The deepest first: to write into a folder changes its time.
  for (const path of listFolders(files).reverse()) {
    chmodSync(join(folder, path), PROGRAM_MODE);
    utimesSync(join(folder, path), epochSeconds, epochSeconds);
  }
}

/** All folders of the files, `.` included, each before what is in it. */
export function listFolders(files: readonly PackagedFile[]): string[] {
  const folders = new Set<string>(['.']);
  for (const { path } of files) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      folders.add(folder);
    }
  }
  return [...folders].sort();
}
