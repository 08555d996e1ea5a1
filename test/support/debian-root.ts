/**
 * A small Debian of this machine's release, made by mmdebstrap from this machine's package sources once, and kept as an image
 * in the user's cache: the first stage of the Containerfile, and the node that packages are installed on. Needs root.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cachePath = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kata-metrics');

/** systemd for packages; strip and setcap for the image. */
const PACKAGES = 'systemd-sysv,binutils,libcap2-bin';
export const DEBIAN_IMAGE_NAME = 'localhost/kata-debian';

/** What `provideDebianStore` needs. */
export const debianStorePackages: readonly string[] = ['buildah', 'mmdebstrap'];
/** Of mmdebstrap, which fetches about 60 MB, on a slow machine. */
const MAKE_TIMEOUT_MS = 600_000;
/** With the time for what a hook does beside it. */
export const DEBIAN_TIMEOUT_MS = MAKE_TIMEOUT_MS + 300_000;

/** The path of a store of buildah that has the image `DEBIAN_IMAGE_NAME`. Give the hook that calls this `DEBIAN_TIMEOUT_MS`. */
export async function provideDebianStore(): Promise<string> {
  const { release, sources } = readRelease();
  const storePath = join(cachePath, `debian-${release}-${PACKAGES.replaceAll(',', '-')}`);
  if (existsSync(storePath)) {
    return storePath;
  }
  process.stderr.write(`Making a Debian root, once: ${release} into ${storePath}\n`);
  await mkdir(cachePath, { recursive: true });
  const scratchPath = await mkdtemp(join(cachePath, 'debian-new-'));
  try {
    const tarPath = join(scratchPath, 'root.tar');
    const flags = ['--variant=minbase', `--include=${PACKAGES}`, '--quiet'];
    await run('mmdebstrap', [...flags, release, tarPath, ...sources], { timeout: MAKE_TIMEOUT_MS });
    const store = ['--root', join(scratchPath, 'store'), '--runroot', join(scratchPath, 'run')];
    const { stdout } = await run('buildah', [...store, 'from', 'scratch']);
    await run('buildah', [...store, 'add', '--quiet', stdout.trim(), tarPath, '/']);
    await run('buildah', [...store, 'commit', '--quiet', '--rm', stdout.trim(), DEBIAN_IMAGE_NAME]);
    await rename(join(scratchPath, 'store'), storePath).catch((error: unknown) => {
      // Another test file has made the same one meanwhile.
      if (!existsSync(storePath)) {
        throw error;
      }
    });
    return storePath;
  } finally {
    await rm(scratchPath, { recursive: true, force: true });
  }
}

/** This machine's release, and its package sources where Debian has them in one file. */
function readRelease(): { release: string; sources: string[] } {
  const [, release] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
  if (release === undefined) {
    throw new Error('Cannot make a Debian root: /etc/os-release has no VERSION_CODENAME');
  }
  const sources = ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list'].filter((path) =>
    existsSync(path),
  );
  return { release, sources: sources.slice(0, 1) };
}
