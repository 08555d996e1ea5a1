/**
 * containerd 2, which Debian 12 does not have.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, findGo, goInstall } from './go-tools.ts';

const VERSION = 'v2.3.4';
const PROGRAMS = ['containerd', 'ctr'] as const;
/** What needs headers of C libraries. */
const TAGS = 'no_btrfs no_zfs no_aufs no_devmapper';

const folderPath = cacheFolder(`containerd-${VERSION}`);

function isBuilt(): boolean {
  return PROGRAMS.every((name) => existsSync(join(folderPath, name)));
}

/** What is missing to have it here; empty when it is there or can be built. */
export function missingForContainerd2(): string[] {
  return isBuilt() || findGo() !== undefined ? [] : [`Go, for containerd ${VERSION}`];
}

/** The folder of its programs. Takes minutes the first time. */
export async function provideContainerd2(): Promise<string> {
  if (!isBuilt()) {
    const packages = PROGRAMS.map((name) => `github.com/containerd/containerd/v2/cmd/${name}@${VERSION}`);
    await goInstall(folderPath, packages, TAGS);
  }
  return folderPath;
}
