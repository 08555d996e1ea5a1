/**
 * Says which Debian packages that a system test uses are not on this machine; system tests skip themselves by it
 * (`describe.skipIf(missingPackages(['prometheus']).length > 0)`) and the reporter names them as the reason.
 * Looks only at files: it starts nothing and installs nothing. Whether root is needed is the test's own question.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The programs that each package must give. */
const programsOfPackage: Readonly<Record<string, readonly string[]>> = {
  binutils: ['strip'],
  buildah: ['buildah'],
  'busybox-static': ['busybox'],
  chromium: ['chromium'],
  containerd: ['containerd', 'containerd-shim-runc-v2', 'ctr'],
  'containernetworking-plugins': ['bridge', 'host-local'],
  crun: ['crun'],
  curl: ['curl'],
  e2fsprogs: ['mkfs.ext4'],
  'erofs-utils': ['mkfs.erofs'],
  fish: ['fish'],
  iproute2: ['ip', 'tc'],
  mandoc: ['mandoc'],
  mmdebstrap: ['mmdebstrap'],
  openssl: ['openssl'],
  prometheus: ['prometheus', 'promtool'],
  'prometheus-node-exporter': ['prometheus-node-exporter'],
  'python3-prometheus-client': ['python3'],
  'qemu-system-common': [],
  'qemu-system-x86': ['qemu-system-x86_64'],
  rpm: ['rpm', 'rpmbuild'],
  runc: ['runc'],
  socat: ['socat'],
  strace: ['strace'],
  systemd: ['systemd-analyze', 'systemd-socket-activate'],
  tmux: ['tmux'],
  zsh: ['zsh'],
};

/** Files beside programs that a package must give, each in one of several places. */
const filesOfPackage: Readonly<Record<string, readonly string[]>> = {
  'python3-prometheus-client': ['/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py'],
  // Debian 12 has virtiofsd there; later versions have it in package virtiofsd, which serves as well.
  'qemu-system-common': ['/usr/lib/qemu/virtiofsd', '/usr/libexec/virtiofsd'],
};

/** Every package that a system test may require, in the order of scripts/test.sh. */
export const knownPackages: readonly string[] = Object.keys(programsOfPackage);

/** Folders of programs; those for root are often not on the PATH of others. */
function programFolders(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [
    ...new Set([
      ...folders,
      '/usr/local/sbin',
      '/usr/local/bin',
      '/usr/sbin',
      '/usr/bin',
      '/sbin',
      '/bin',
      '/usr/lib/cni',
    ]),
  ];
}

/** The path of a program, or undefined when it is nowhere to be found. */
export function findProgram(name: string): string | undefined {
  return programFolders()
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false; // not there or not for us: both mean that this one cannot be used
      }
    });
}

/** Whether a program needs no dynamic linker, so that it runs in a container that holds nothing else. */
function isStatic(path: string): boolean {
  return !readFileSync(path).includes('/ld-');
}

function isInstalled(packageName: string): boolean {
  const programs = programsOfPackage[packageName];
  if (programs === undefined) {
    throw new RangeError(`Cannot tell whether package "${packageName}" is installed: its programs are not listed`);
  }
  const files = filesOfPackage[packageName];
  if (files !== undefined && !files.some((path) => existsSync(path))) {
    return false;
  }
  const paths = programs.map(findProgram);
  if (packageName === 'busybox-static') {
    return paths.every((path) => path !== undefined && isStatic(path));
  }
  return paths.every((path) => path !== undefined);
}

/** The packages of `names` that are missing here, in the same order; a name that is not known is a RangeError. */
export function missingPackages(names: readonly string[]): string[] {
  return names.filter((name) => !isInstalled(name));
}
