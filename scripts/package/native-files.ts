/**
 * The files with native code of one kind of machine: Node.js without its symbols, and koffi. Called by payload.ts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NATIVE_PACKAGE } from './bundle.ts';
import { type Machine, thisMachine } from './machine.ts';

const modulesPath = join(import.meta.dirname, '../../node_modules');

export interface NativeFiles {
  readonly node: Buffer;
  /** What runs of koffi, by path below node_modules. */
  readonly packages: ReadonlyMap<string, Buffer>;
  /** The folders of these packages. */
  readonly packageFolders: readonly string[];
}

/**
 * For this machine, all is in node_modules. For another kind of machine, `foreignFolder` has the unpacked npm packages
 * `node-linux-<machine>` and `@koromix/koffi-linux-<machine>`, each below its name.
 */
export function readNativeFiles(machine: Machine, foreignFolder: string | undefined): NativeFiles {
  const library = `@koromix/koffi-linux-${machine.npm}`;
  const isHere = machine === thisMachine;
  if (!isHere && foreignFolder === undefined) {
    throw new Error(`Cannot package for "${machine.npm}" on "${process.arch}": --foreign-packages is not set`);
  }
  const libraryFolder = join(isHere ? modulesPath : foreignFolder!, library);
  const nodePath = isHere
    ? join(modulesPath, 'node/bin/node')
    : join(foreignFolder!, `node-linux-${machine.npm}/bin/node`);
  const koffiFolder = join(modulesPath, NATIVE_PACKAGE);
  const read = (name: string, folder: string, paths: readonly string[]) =>
    paths.map((path) => [`${name}/${path}`, readFileSync(join(folder, path))] as const);
  return {
    node: stripSymbols(nodePath, machine),
    packages: new Map([
      ...read(NATIVE_PACKAGE, koffiFolder, [
        'package.json',
        'index.js',
        'src/koffi/index.js',
        'src/koffi/src/static.js',
      ]),
      ...read(library, libraryFolder, ['package.json', 'index.js', `linux_${machine.npm}/koffi.node`]),
    ]),
    packageFolders: [koffiFolder, libraryFolder],
  };
}

/** By strip(1), which knows other kinds of machines only under their own names. */
function stripSymbols(path: string, machine: Machine): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'kata-strip-'));
  try {
    const stripped = join(folder, 'node');
    const program = machine === thisMachine ? 'strip' : `${machine.triplet}-strip`;
    execFileSync(program, ['--strip-all', '-o', stripped, path]);
    if (!existsSync(stripped)) {
      throw new Error(`Cannot strip "${path}": "${program}" wrote nothing`);
    }
    return readFileSync(stripped);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
