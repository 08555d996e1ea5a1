/**
 * An older release of this package beside the current one: the same sources with another version, as on a node that an
 * upgrade has not reached.
 */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const top = join(import.meta.dirname, '../../..');

export interface OlderPackage {
  readonly version: string;
  /** The words that start one of its programs. */
  command(program: string): [string, ...string[]];
}

/** Makes it in a directory that exists. */
export async function makeOlderPackage(directory: string): Promise<OlderPackage> {
  const version = '0.0.9';
  const manifest = JSON.parse(await readFile(join(top, 'package.json'), 'utf8')) as object;
  await Promise.all([
    cp(join(top, 'src'), join(directory, 'src'), { recursive: true, filter: (path) => !path.endsWith('.test.ts') }),
    symlink(join(top, 'node_modules'), join(directory, 'node_modules')),
    writeFile(join(directory, 'package.json'), JSON.stringify({ ...manifest, version })),
  ]);
  return { version, command: (program) => [process.execPath, join(directory, `src/bin/${program}.ts`)] };
}
