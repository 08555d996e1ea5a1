/**
 * The guest's root file system as entries of an archive: what is where, and nothing of how it is made. Called by the
 * guest's build, and by tests that build it twice.
 */
import { posix } from 'node:path';
import type { ArchiveEntry } from './cpio.ts';
import type { KernelModule } from './kernel-modules.ts';

export interface GuestParts {
  /** The first process, a script. */
  readonly init: Buffer;
  /** One program without libraries. */
  readonly busybox: Buffer;
  /** Makes containers. */
  readonly crun: Buffer;
  /** Options of Node.js for the agent. */
  readonly nodeOptions: readonly string[];
  /** By absolute path. */
  readonly libraries: ReadonlyMap<string, Buffer>;
  /** By name. */
  readonly agent: ReadonlyMap<string, Buffer>;
  readonly agentVersion: string;
  /** Files of packages that the agent loads, by path below node_modules. */
  readonly agentPackages: ReadonlyMap<string, Buffer>;
  /** In the order of loading. */
  readonly modules: readonly KernelModule[];
}

const PROGRAM_MODE = 0o755;
const TEXT_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
const CONSOLE_MODE = 0o600;

/** Of the image that init finds on a disk: it has Node.js. */
export const IMAGE_MOUNT_POINT = 'image';
const MOUNT_POINTS: readonly string[] = ['dev', IMAGE_MOUNT_POINT, 'proc', 'run', 'sys', 'tmp'];
/** A program there may be CommonJS or a module: without a type in package.json, Node.js looks which it is. */
const AGENT_PATH = 'usr/lib/kata-agent';

export function listGuestFiles(parts: GuestParts): ArchiveEntry[] {
  const { init, busybox, crun, nodeOptions, libraries, agent, agentVersion, agentPackages, modules } = parts;
  const manifest = JSON.stringify({ name: 'kata-agent', version: agentVersion });
  const files: ArchiveEntry[] = [
    toFile('init', init, PROGRAM_MODE),
    toFile('bin/busybox', busybox, PROGRAM_MODE),
    { kind: 'link', path: 'bin/sh', target: 'busybox' },
    { kind: 'link', path: 'usr/bin/node', target: `/${IMAGE_MOUNT_POINT}/node` },
    toFile('bin/crun', crun, PROGRAM_MODE),
    ...[...libraries].map(([path, content]) => toFile(path.slice(1), content, PROGRAM_MODE)),
    toFile(`${AGENT_PATH}/package.json`, Buffer.from(manifest)),
    ...[...agent].map(([name, content]) => toFile(`${AGENT_PATH}/dist/bin/${name}`, content)),
    ...[...agentPackages].map(([path, content]) => toFile(`${AGENT_PATH}/node_modules/${path}`, content)),
    toFile('etc/kata-agent/node-options', Buffer.from(`${nodeOptions.join(' ')}\n`)),
    ...modules.map(({ name, content }) => toFile(`lib/modules/${name}.ko`, content)),
    toFile('lib/modules/load-order', Buffer.from(modules.map(({ name }) => `${name}\n`).join(''))),
    // The kernel opens it for the first process before anything is mounted.
    { kind: 'character-device', path: 'dev/console', mode: CONSOLE_MODE, device: { major: 5, minor: 1 } },
  ];
  return [...listDirectories(files), ...files];
}

function toFile(path: string, content: Buffer, mode: number = TEXT_MODE): ArchiveEntry {
  return { kind: 'file', path, mode, content };
}

function listDirectories(files: readonly ArchiveEntry[]): ArchiveEntry[] {
  const paths = new Set(MOUNT_POINTS);
  for (const { path } of files) {
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      paths.add(folder);
    }
  }
  return [...paths].map((path) => ({ kind: 'directory', path, mode: DIRECTORY_MODE }));
}
