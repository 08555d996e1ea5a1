/**
 * Finds the programs that the build of a guest requires before it begins, so that one message lists everything missing.
 */
import { readFileSync } from 'node:fs';
import { findProgram } from '../../src/program/index.ts';
import { BUSYBOX_PATH } from './guest-parts.ts';

/** By the program, the Debian package that has it. */
const packageOf: Readonly<Record<string, string>> = {
  'apt-cache': 'apt',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  ldd: 'libc-bin',
  'mkfs.erofs': 'erofs-utils',
  strip: 'binutils',
};

/** One message for all that is missing, with what to do; undefined when nothing is. */
export function describeMissing(searchPath: string, architecture: string): string | undefined {
  if (architecture !== 'x64') {
    return `Cannot build the guest on this machine: it is for x86-64, and this is ${architecture}`;
  }
  const missing = Object.keys(packageOf).filter((program) => findProgram(program, searchPath) === undefined);
  const packages = missing.map((program) => packageOf[program]!);
  if (!isStaticProgram(BUSYBOX_PATH)) {
    missing.push(`a static ${BUSYBOX_PATH}`);
    packages.push('busybox-static');
  }
  if (missing.length === 0) {
    return undefined;
  }
  const toDo = missing.includes('apt-get')
    ? 'It can be built on Debian and its derivatives only: run this there, or in a container of debian:stable'
    : `Install the missing packages: apt-get update && apt-get install -y ${[...new Set(packages)].sort().join(' ')}`;
  return `Cannot build the guest: missing ${missing.join(', ')}\n${toDo}`;
}

function isStaticProgram(path: string): boolean {
  try {
    return !readFileSync(path).includes('/lib64/ld-linux');
  } catch {
    return false; // not there
  }
}
