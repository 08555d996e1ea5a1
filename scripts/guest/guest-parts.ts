/**
 * Gathers what the guest is made of: from this machine, from the npm packages, and the kernel from Debian. Called by the
 * guest's build.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleAgent } from './agent-bundle.ts';
import { readCrun } from './crun-packages.ts';
import type { GuestParts } from './initramfs.ts';
import { readModules, WANTED_MODULES } from './kernel-modules.ts';
import type { UnpackedKernel } from './kernel-package.ts';
import { type NodeRuntime, readNodeRuntime } from './node-runtime.ts';

const rootPath = join(import.meta.dirname, '../..');

/** Debian's package busybox-static has it there; one with shared libraries would need them in the guest. */
export const BUSYBOX_PATH = '/bin/busybox';

/** The runtime that the project pins, as npm has installed it; the build itself runs on it. */
export const GUEST_NODE_PATH = process.execPath;

/** What makes the runtime smaller in a guest; docs/guest.md has what each was measured to be worth. */
export const NODE_OPTIONS: readonly string[] = [
  '--lite-mode',
  '--semi-space-growth-factor=1',
  '--heap-growing-percent=60',
];

export interface GatheredParts {
  readonly parts: GuestParts;
  readonly node: NodeRuntime;
}

/** `scratchPath`: a folder for files on the way. */
export async function gatherParts(
  kernel: UnpackedKernel,
  crunPackages: readonly string[],
  scratchPath: string,
): Promise<GatheredParts> {
  const manifest = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8')) as { version: string };
  const node = readNodeRuntime(GUEST_NODE_PATH, scratchPath);
  const crun = readCrun(crunPackages, scratchPath);
  const { files, packages } = await bundleAgent();
  return {
    node,
    parts: {
      init: readFileSync(join(import.meta.dirname, 'init')),
      busybox: readBusybox(),
      nodeOptions: NODE_OPTIONS,
      crun: crun.program,
      libraries: new Map([...crun.libraries, ...node.libraries]),
      agent: files,
      agentVersion: manifest.version,
      agentPackages: packages,
      modules: readModules(kernel.modulesPath, WANTED_MODULES),
    },
  };
}

function readBusybox(): Buffer {
  const program = readFileSync(BUSYBOX_PATH);
  if (program.includes('/lib64/ld-linux')) {
    throw new Error(
      `Cannot take "${BUSYBOX_PATH}" into the guest: it needs shared libraries (package busybox-static has none)`,
    );
  }
  return program;
}
