/**
 * Debian's kernel for virtual machines: its package fetched with apt into a folder, and unpacked from there into another.
 * Nothing is installed, and no root is needed. Called by the guest's build.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GuestError } from './guest-error.ts';

/** Of what a program says when it fails. */
const MAX_REPORTED_LINES = 10;

/** A package without content that depends on the newest kernel of the release. */
const META_PACKAGE = 'linux-image-cloud-amd64';
const PACKAGE_PREFIX = 'linux-image-';

/** `<package>_<version>_<architecture>.deb`; an epoch's colon is escaped. */
const FILE_NAME = /^linux-image-([\w.+-]+)_([\w.+~%-]+)_amd64\.deb$/;

export interface UnpackedKernel {
  /** Such as `6.1.0-1-cloud-amd64`. */
  readonly release: string;
  /** As Debian names it, such as `6.1.4-1`. */
  readonly packageVersion: string;
  readonly imagePath: string;
  /** Has the `.ko` files somewhere below. */
  readonly modulesPath: string;
}

/**
 * The path of the kernel's package in `folderPath`: the one that is there, else the newest, fetched.
 * @throws {GuestError} that has what apt said.
 */
export function provideKernelPackage(folderPath: string, { isRefreshed }: { readonly isRefreshed: boolean }): string {
  mkdirSync(folderPath, { recursive: true });
  const known = readdirSync(folderPath).filter((name) => FILE_NAME.test(name));
  if (known[0] !== undefined && !isRefreshed) {
    return join(folderPath, known[0]);
  }
  // Within the folder, so that the finished file can be moved and is never there in part.
  const scratchPath = mkdtempSync(join(folderPath, 'fetch-'));
  try {
    const fetched = fetchPackage(scratchPath);
    const path = join(folderPath, basename(fetched));
    for (const name of known) {
      rmSync(join(folderPath, name));
    }
    renameSync(fetched, path);
    return path;
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
}

/** Unpacks into `folderPath`, which must exist. */
export function unpackKernel(packagePath: string, folderPath: string): UnpackedKernel {
  const [, release, packageVersion] = FILE_NAME.exec(basename(packagePath)) ?? [];
  if (release === undefined || packageVersion === undefined) {
    throw new TypeError(`Cannot unpack "${packagePath}": expected the package of a kernel`);
  }
  run('dpkg-deb', ['--extract', packagePath, folderPath]);
  return {
    release,
    packageVersion: decodeURIComponent(packageVersion),
    imagePath: join(folderPath, 'boot', `vmlinuz-${release}`),
    modulesPath: join(folderPath, 'lib/modules', release),
  };
}

function fetchPackage(folderPath: string): string {
  const apt = openApt(folderPath);
  const packageName = readDependency(apt.show(META_PACKAGE));
  run('apt-get', [...apt.options, 'download', packageName], folderPath);
  const file = readdirSync(folderPath).find((name) => FILE_NAME.test(name));
  if (file === undefined) {
    throw new GuestError(`Cannot fetch package "${packageName}": apt-get left no file of that name`);
  }
  return join(folderPath, file);
}

export interface Apt {
  readonly options: readonly string[];
  /** The newest version's fields; empty for a package that is not known. */
  show(packageName: string): string;
}

/** With the machine's package lists; with lists of our own where it has none, or none that know the kernel. */
export function openApt(folderPath: string): Apt {
  const machine = createApt([]);
  if (machine.show(META_PACKAGE) !== '') {
    return machine;
  }
  const lists = join(folderPath, 'apt/lists');
  const cache = join(folderPath, 'apt/cache');
  for (const path of [join(lists, 'partial'), join(cache, 'archives/partial')]) {
    mkdirSync(path, { recursive: true });
  }
  const options = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  run('apt-get', [...options, 'update', '-qq']);
  return createApt(options);
}

function createApt(options: readonly string[]): Apt {
  return {
    options,
    show: (packageName) => {
      try {
        return run('apt-cache', [...options, 'show', '--no-all-versions', packageName]);
      } catch {
        // apt-cache fails for a package that it does not know; who needs it says so.
        return '';
      }
    },
  };
}

function readDependency(fields: string): string {
  const [name] = new RegExp(`(?<=^Depends: (?:.*, )?)${PACKAGE_PREFIX}[\\w.+-]+`, 'm').exec(fields) ?? [];
  if (name === undefined) {
    throw new GuestError(
      `Cannot find the kernel that package "${META_PACKAGE}" stands for: apt of this machine does not know it`,
    );
  }
  return name;
}

/** @throws {GuestError} with what the program said. */
export function run(program: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // Field names of apt-cache are translated.
      env: { ...process.env, LC_ALL: 'C' },
    });
  } catch (error) {
    const { stderr = '', code } = error as { stderr?: string; code?: string };
    const lines = stderr.trim().split('\n');
    // Apt's warnings are of no use beside its errors.
    const errors = lines.filter((line) => line.startsWith('E: '));
    const reported = (errors.length > 0 ? errors : lines).slice(0, MAX_REPORTED_LINES).join('\n  ');
    const reason = reported || (code ?? 'it failed without a message');
    throw new GuestError(`Cannot run "${[program, ...args].join(' ')}": ${reason}${networkHint(stderr)}`, {
      cause: error,
    });
  }
}

/** Of apt's messages, those that come when a host cannot be reached. */
function networkHint(stderr: string): string {
  return /Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|Network is unreachable/.test(
    stderr,
  )
    ? '\nThe kernel is fetched from the package sources of this machine: is there a network, or a proxy that apt should use?'
    : '';
}
