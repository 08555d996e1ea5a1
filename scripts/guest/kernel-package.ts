/**
 * Debian's kernel for virtual machines, fetched with apt and unpacked into a folder: nothing is installed, and no root is
 * needed. Called by the guest's build.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A package without content that depends on the newest kernel of the release. */
const META_PACKAGE = 'linux-image-cloud-amd64';

export interface UnpackedKernel {
  /** Such as `6.1.0-1-cloud-amd64`. */
  readonly release: string;
  /** As Debian names it, such as `6.1.4-1`. */
  readonly packageVersion: string;
  readonly imagePath: string;
  /** Has the `.ko` files somewhere below. */
  readonly modulesPath: string;
}

/** Works in `folderPath`, which must exist and be empty. Throws an Error that has what apt said. */
export function fetchKernel(folderPath: string): UnpackedKernel {
  const apt = openApt(folderPath);
  const packageName = readDependency(apt.show(META_PACKAGE));
  const packageVersion = readField(apt.show(packageName), 'Version');
  run('apt-get', [...apt.options, 'download', packageName], folderPath);
  const archive = readdirSync(folderPath).find((name) => name.endsWith('.deb'));
  if (archive === undefined) {
    throw new Error(`Cannot fetch package "${packageName}": apt-get left no file`);
  }
  const rootPath = join(folderPath, 'root');
  run('dpkg-deb', ['--extract', archive, rootPath], folderPath);
  const release = packageName.slice('linux-image-'.length);
  return {
    release,
    packageVersion,
    imagePath: join(rootPath, 'boot', `vmlinuz-${release}`),
    modulesPath: join(rootPath, 'lib/modules', release),
  };
}

interface Apt {
  readonly options: readonly string[];
  /** The newest version's fields. */
  show(packageName: string): string;
}

/** With the machine's package lists; with lists of our own where it has none, or none that know the kernel. */
function openApt(folderPath: string): Apt {
  const machine = createApt([]);
  if (machine.show(META_PACKAGE) !== '') {
    return machine;
  }
  const lists = join(folderPath, 'apt/lists/partial');
  const cache = join(folderPath, 'apt/cache/archives/partial');
  mkdirSync(lists, { recursive: true });
  mkdirSync(cache, { recursive: true });
  const options = ['-o', `Dir::State::Lists=${join(lists, '..')}`, '-o', `Dir::Cache=${join(cache, '../..')}`];
  run('apt-get', [...options, 'update', '-qq'], folderPath);
  return createApt(options);
}

function createApt(options: readonly string[]): Apt {
  return {
    options,
    show: (packageName) => {
      try {
        return run('apt-cache', [...options, 'show', '--no-all-versions', packageName]);
      } catch {
        // apt-cache fails for a package that it does not know; whoever needs it says so.
        return '';
      }
    },
  };
}

function readDependency(fields: string): string {
  const [name] = /^linux-image-[\w.+-]+/.exec(readField(fields, 'Depends')) ?? [];
  if (name === undefined) {
    throw new Error(`Cannot find the kernel that package "${META_PACKAGE}" stands for`);
  }
  return name;
}

function readField(fields: string, name: string): string {
  const [, value] = new RegExp(`^${name}: (.+)$`, 'm').exec(fields) ?? [];
  if (value === undefined) {
    throw new Error(`Cannot find "${name}" of the kernel's package: is this Debian, and are its package sources there?`);
  }
  return value;
}

function run(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    // Field names of apt-cache are translated.
    env: { ...process.env, LC_ALL: 'C' },
  });
}
