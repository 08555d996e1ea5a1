/**
 * Boots the built guest in QEMU, with the agent or with a program of a test in its place. Used by system tests of what
 * only a guest has, and by the bench. What the program writes comes out on the guest's first serial line.
 */
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '../../scripts/guest/agent-bundle.ts';
import { encodeArchive } from '../../scripts/guest/cpio.ts';
import type { GuestImage } from '../../src/shim/index.ts';
import { waitUntil } from './processes.ts';
import { runCommand } from './run-program.ts';

/** Where the guest's init expects the agent; a later archive in an initramfs replaces files of an earlier one. */
const AGENT_FILE = 'usr/lib/kata-agent/dist/bin/kata-agent.js';
const MODULE_MODE = 0o644;
const KERNEL_PARAMETERS =
  'console=ttyS0 quiet panic=-1 no_timer_check cryptomgr.notests kata.listen=serial://kata.agent';

export interface GuestRunOptions {
  /** A TypeScript file to run instead of the agent. The guest's init starts it again when it ends. */
  readonly programPath?: string;
  /** The agent serves a runtime too, on its own port. Default: it does not. */
  readonly hasRuntimePort?: boolean;
}

export interface GuestRun {
  /** The port `kata.agent` of the guest, where the agent listens. */
  readonly portSocketPath: string;
  /** The port `kata.runtime`, where the agent makes containers. */
  readonly runtimeSocketPath: string;
  /** The first line of the guest's console that `pick` gives something for. Rejects when QEMU ends before. */
  waitForLine<T>(pick: (line: string) => T | undefined): Promise<T>;
  /** Resolves when QEMU has made the socket. The guest boots for seconds more. */
  waitForSocket(): Promise<void>;
  /** Ends QEMU at once, and removes what was made for it. */
  stop(): Promise<void>;
}

/** Of the guest's network interface, where it has a runtime. Nothing is at its other end. */
export const GUEST_MAC_ADDRESS = '02:00:00:00:00:07';

/** Boots it; `stop` ends it. Rejects with an Error when the program cannot be bundled. */
export async function runInGuest(
  image: GuestImage,
  { programPath, hasRuntimePort = false }: GuestRunOptions = {},
): Promise<GuestRun> {
  const folderPath = mkdtempSync(join(tmpdir(), 'km-'));
  const portSocketPath = join(folderPath, 'port.sock');
  const runtimeSocketPath = join(folderPath, 'runtime.sock');
  try {
    const initrdPath =
      programPath === undefined
        ? image.initrdPath
        : await makeInitrd(image.initrdPath, programPath, join(folderPath, 'initrd'));
    const command = qemuCommand({ ...image, initrdPath }, [
      ['kata.agent', portSocketPath],
      ...(hasRuntimePort ? [['kata.runtime', runtimeSocketPath] as const] : []),
    ]);
    // The serial line is QEMU's standard output; its reader here reads standard error.
    const program = runCommand(['sh', '-c', 'exec "$@" >&2', 'sh', ...command]);
    return {
      portSocketPath,
      runtimeSocketPath,
      waitForLine: (pick) => program.waitForLine((line) => pick(line.trimEnd())),
      waitForSocket: () => waitUntil(() => existsSync(portSocketPath) || program.child.exitCode !== null),
      stop: async () => {
        await program.stop();
        rmSync(folderPath, { recursive: true });
      },
    };
  } catch (error) {
    rmSync(folderPath, { recursive: true });
    throw error;
  }
}

/** Returns the new file's path. */
async function makeInitrd(initrdPath: string, programPath: string, newPath: string): Promise<string> {
  const content = await bundleProgram(programPath);
  copyFileSync(initrdPath, newPath);
  for (const piece of encodeArchive([{ kind: 'file', path: AGENT_FILE, mode: MODULE_MODE, content }])) {
    appendFileSync(newPath, piece);
  }
  return newPath;
}

/** `ports`: names of ports of virtio-serial, and where QEMU makes the socket of each. */
function qemuCommand(
  { kernelPath, initrdPath, imagePath }: GuestImage,
  ports: readonly (readonly [name: string, socketPath: string])[],
): string[] {
  const hasRuntime = ports.length > 1;
  const runtime = hasRuntime ? ' kata.runtime_listen=serial://kata.runtime rootfstype=ramfs' : '';
  const network = `virtio-net-pci,netdev=net,mac=${GUEST_MAC_ADDRESS},romfile=`;
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-machine', 'q35'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '512M'],
    ...['-kernel', kernelPath, '-initrd', initrdPath, '-append', `${KERNEL_PARAMETERS}${runtime}`],
    ...[
      '-drive',
      `if=none,id=image,file=${imagePath},format=raw,read-only=on`,
      '-device',
      'virtio-blk-pci,drive=image',
    ],
    ...(hasRuntime ? ['-netdev', 'hubport,id=net,hubid=0', '-device', network] : []),
    ...['-serial', 'stdio', '-device', 'virtio-serial-pci'],
    ...ports.flatMap(([name, socketPath], index) => [
      ...['-chardev', `socket,id=port${index},path=${socketPath},server=on,wait=off`],
      ...['-device', `virtserialport,chardev=port${index},name=${name}`],
    ]),
  ];
}
