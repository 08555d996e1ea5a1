/**
 * Boots the built guest in QEMU with a program of a test in the agent's place. Used by system tests of what only a guest
 * has. What the program writes comes out on the guest's first serial line.
 */
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '../../scripts/guest/agent-bundle.ts';
import { encodeArchive } from '../../scripts/guest/cpio.ts';
import type { GuestImage } from '../../src/shim/index.ts';
import { waitUntil } from './processes.ts';
import { type RunningProgram, runCommand } from './run-program.ts';

/** Where the guest's init expects the agent; a later archive in an initramfs replaces files of an earlier one. */
const AGENT_FILE = 'usr/lib/kata-agent/dist/bin/kata-agent.js';
const MODULE_MODE = 0o644;

export interface GuestRun {
  /** The port `kata.agent` of the guest. */
  readonly portSocketPath: string;
  /** The first line of the guest's console that `pick` gives something for. Rejects when QEMU ends before. */
  waitForLine<T>(pick: (line: string) => T | undefined): Promise<T>;
  /** Resolves when QEMU has made the socket. The guest boots for seconds more. */
  waitForSocket(): Promise<void>;
  /** Ends QEMU at once, and removes what was made for it. */
  stop(): Promise<void>;
}

/** `programPath`: a TypeScript file. The guest's init starts it again when it ends. */
export async function runInGuest(image: GuestImage, programPath: string): Promise<GuestRun> {
  const folderPath = mkdtempSync(join(tmpdir(), 'km-'));
  const portSocketPath = join(folderPath, 'port.sock');
  const initrdPath = join(folderPath, 'initrd');
  const program: RunningProgram = await (async () => {
    const content = await bundleProgram(programPath);
    copyFileSync(image.initrdPath, initrdPath);
    for (const piece of encodeArchive([{ kind: 'file', path: AGENT_FILE, mode: MODULE_MODE, content }])) {
      appendFileSync(initrdPath, piece);
    }
    // The serial line is QEMU's standard output; its reader here reads standard error.
    return runCommand([
      'sh',
      '-c',
      'exec "$@" >&2',
      'sh',
      ...qemuCommand(image.kernelPath, initrdPath, portSocketPath),
    ]);
  })().catch((error: unknown) => {
    rmSync(folderPath, { recursive: true });
    throw error;
  });
  return {
    portSocketPath,
    waitForLine: (pick) => program.waitForLine((line) => pick(line.trimEnd())),
    waitForSocket: () => waitUntil(() => existsSync(portSocketPath) || program.child.exitCode !== null),
    stop: async () => {
      await program.stop();
      rmSync(folderPath, { recursive: true });
    },
  };
}

function qemuCommand(kernelPath: string, initrdPath: string, portSocketPath: string): string[] {
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-machine', 'q35'],
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', '512M'],
    ...['-kernel', kernelPath, '-initrd', initrdPath, '-append', 'console=ttyS0 quiet panic=-1'],
    ...['-serial', 'stdio', '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=port,path=${portSocketPath},server=on,wait=off`],
    ...['-device', 'virtserialport,chardev=port,name=kata.agent'],
  ];
}
