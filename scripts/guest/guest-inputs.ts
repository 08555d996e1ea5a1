/**
 * One hash over all that a guest is made from, without making it: whether the one that is there still is what a build
 * would give. Called by the build.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundleAgent } from './agent-bundle.ts';
import { BUSYBOX_PATH, GUEST_NODE_PATH } from './guest-parts.ts';

/** SHA-256 in hexadecimal digits. */
export async function hashInputs(packagePaths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const add = (name: string, content: Buffer | string): void => {
    hash.update(`${name}\0${content.length}\0`).update(content);
  };
  const { files, packages } = await bundleAgent();
  for (const [path, content] of [...files, ...packages]) {
    add(path, content);
  }
  for (const path of globSync('*', { cwd: import.meta.dirname, exclude: ['*.test.ts'] }).sort()) {
    add(path, readFileSync(join(import.meta.dirname, path)));
  }
  add('busybox', readFileSync(BUSYBOX_PATH));
  // A runtime has a hundred megabytes; its version and size tell one from another. A package's name has its version.
  add('node', `${process.version} ${statSync(GUEST_NODE_PATH).size}`);
  for (const path of packagePaths) {
    add('package', basename(path));
  }
  return hash.digest('hex');
}
