/**
 * A virtual machine with a small Debian and its systemd: nothing of it can touch this machine. A script runs in it when it has
 * booted; what the script writes comes back.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ArchiveEntry, encodeArchive } from '../../scripts/guest/cpio.ts';
import { readModules } from '../../scripts/guest/kernel-modules.ts';
import { provideKernelPackage, unpackKernel } from '../../scripts/guest/kernel-package.ts';
import { findProgram } from './requirements.ts';
import { runCommand } from './run-program.ts';

const run = promisify(execFile);

/** What `runInDebian` needs. */
export const debianMachinePackages: readonly string[] = ['busybox-static', 'e2fsprogs', 'qemu-system-x86'];

/** ext4 asks for its checksums by the name of an algorithm, which no module names. */
const MODULES = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'];
const DISK_SIZE = '800M';
const MEMORY = '768M';
const END_LINE = '@end';
/** Of the script. Then what there is of its output comes back. */
const MAX_SCRIPT_SECONDS = 900;

/** The first serial line is the script's, the second the kernel's and systemd's. */
const KERNEL_PARAMETERS = 'console=ttyS1 panic=-1 no_timer_check';

/** The disk is the root file system; the initramfs only finds it. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
for name in $(/bin/busybox cat /load-order); do /bin/busybox insmod /modules/$name.ko; done
until [ -b /dev/vda ]; do /bin/busybox sleep 1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox umount /dev
exec /bin/busybox switch_root /root /lib/systemd/systemd
`;

const UNIT = `[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=${MAX_SCRIPT_SECONDS}
ExecStart=/bin/bash -c 'exec bash /script >/dev/ttyS0 2>&1'
ExecStopPost=/bin/sh -c 'echo ${END_LINE} >/dev/ttyS0'
`;

const MANAGER = `[Manager]
DefaultTimeoutStartSec=${MAX_SCRIPT_SECONDS}
DefaultTimeoutStopSec=${MAX_SCRIPT_SECONDS}
`;

export interface DebianMachineOptions {
  /** A Debian root with systemd; files are added to it. */
  readonly rootPath: string;
  /** For bash. */
  readonly script: string;
  /** More files, by path from the root. */
  readonly files: Readonly<Record<string, Buffer>>;
}

/** Boots, runs the script, and ends the machine; returns the lines of the script. Rejects when the machine ends before. */
export async function runInDebian({ rootPath, script, files }: DebianMachineOptions): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kd-'));
  try {
    const units = join(rootPath, 'etc/systemd/system');
    await mkdir(join(units, 'multi-user.target.wants'), { recursive: true });
    await symlink('../script.service', join(units, 'multi-user.target.wants/script.service'));
    await writeFile(join(units, 'script.service'), UNIT);
    await writeFile(join(rootPath, 'script'), script);
    // An emulated machine beside others needs more than the 90 s that services have by default.
    await mkdir(join(rootPath, 'etc/systemd/system.conf.d'), { recursive: true });
    await writeFile(join(rootPath, 'etc/systemd/system.conf.d/slow.conf'), MANAGER);
    // What a timer starts, perhaps just now, is none of the script's.
    await symlink('/dev/null', join(units, 'timers.target'));
    // Not the first boot, which would ask questions.
    await writeFile(join(rootPath, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
    for (const [path, content] of Object.entries(files)) {
      await writeFile(join(rootPath, path), content);
    }
    const diskPath = join(folder, 'disk');
    await run(findProgram('mkfs.ext4')!, ['-q', '-O', '^has_journal', '-d', rootPath, diskPath, DISK_SIZE]);
    return await boot({ ...(await makeBootFiles(folder)), diskPath, consolePath: join(folder, 'console') });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Debian's kernel, which the guest of sandboxes has too, and an initramfs. */
async function makeBootFiles(folder: string): Promise<{ kernelPath: string; initrdPath: string }> {
  const cachePath = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kata-metrics/kernel');
  const unpackedPath = join(folder, 'kernel');
  await mkdir(unpackedPath);
  const kernel = unpackKernel(provideKernelPackage(cachePath, { isRefreshed: false }), unpackedPath);
  const modules = readModules(kernel.modulesPath, MODULES);
  const toFile = (path: string, content: Buffer | string, mode = 0o644): ArchiveEntry => {
    return { kind: 'file', path, mode, content: Buffer.from(content as string) };
  };
  const entries: ArchiveEntry[] = [
    ...['bin', 'dev', 'modules', 'root'].map((path) => ({ kind: 'directory' as const, path, mode: 0o755 })),
    { kind: 'character-device', path: 'dev/console', mode: 0o600, device: { major: 5, minor: 1 } },
    toFile('bin/busybox', await readFile(findProgram('busybox')!), 0o755),
    toFile('init', INIT, 0o755),
    toFile('load-order', modules.map(({ name }) => `${name}\n`).join('')),
    ...modules.map(({ name, content }) => toFile(`modules/${name}.ko`, content)),
  ];
  const initrdPath = join(folder, 'initrd');
  await writeFile(initrdPath, Buffer.concat(encodeArchive(entries)));
  return { kernelPath: kernel.imagePath, initrdPath };
}

interface BootOptions {
  readonly kernelPath: string;
  readonly initrdPath: string;
  readonly diskPath: string;
  readonly consolePath: string;
}

async function boot({ kernelPath, initrdPath, diskPath, consolePath }: BootOptions): Promise<string[]> {
  const qemu = [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-machine', 'q35'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', MEMORY],
    ...['-kernel', kernelPath, '-initrd', initrdPath, '-append', KERNEL_PARAMETERS],
    ...['-drive', `file=${diskPath},format=raw,if=virtio,cache=unsafe`],
    ...['-serial', 'stdio', '-serial', `file:${consolePath}`],
  ];
  // The serial line is QEMU's standard output; its reader here reads standard error.
  const machine = runCommand(['sh', '-c', 'exec "$@" >&2', 'sh', ...qemu]);
  try {
    await machine.waitForLine((line) => (line.trimEnd() === END_LINE ? true : undefined));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${await readFile(consolePath, 'utf8')}`, { cause: error });
  } finally {
    machine.child.kill('SIGKILL');
    await machine.ended;
  }
  const { stderr } = await machine.ended;
  return stderr.split('\n').map((line) => line.trimEnd());
}
