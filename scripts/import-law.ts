/**
 * The import law of src/: which room may import which. `law` is the table; `checkImports` holds the source text of all
 * files against it, and finds import cycles. Called by scripts/check.ts; reads no file itself.
 *
 * A room is entered only by its index.ts. Files of test/, bench/ and scripts/ are free and not looked at.
 */
import { posix } from 'node:path';
import { findCycles } from './import-cycles.ts';
import { findImports } from './import-specifiers.ts';

/** What a room may import; a room without `io` may touch no file, socket or process by itself. */
interface RoomLaw {
  readonly rooms: readonly string[];
  readonly io: boolean;
  /** The files by which other modules enter it; `index.ts` when there are none. */
  readonly entryPoints?: readonly string[];
}

export const law: Readonly<Record<string, RoomLaw>> = {
  catalog: { rooms: [], io: false },
  exposition: { rooms: [], io: false },
  procfs: { rooms: [], io: true },
  options: { rooms: [], io: false },
  program: { rooms: [], io: true },
  sandboxes: { rooms: ['program'], io: true },
  'sandbox-policy': { rooms: ['catalog', 'exposition', 'options'], io: false },
  settings: {
    rooms: ['catalog', 'cri', 'options', 'program', 'sandbox-policy', 'sandboxes', 'web-config'],
    io: true,
    // A shim must not load the monitor's options, with all that they are checked by.
    entryPoints: ['agent.ts', 'cli.ts', 'listen-address.ts', 'log-levels.ts', 'monitor.ts', 'shim.ts'],
  },
  'web-config': { rooms: [], io: true },
  systemd: { rooms: [], io: true },
  proto: { rooms: [], io: false },
  ttrpc: { rooms: ['proto'], io: false },
  transport: { rooms: [], io: true },
  'shim-client': { rooms: [], io: true },
  collectors: { rooms: ['catalog', 'exposition', 'procfs'], io: true },
  cri: { rooms: ['program', 'proto'], io: true },
  'derived-metrics': { rooms: ['catalog', 'exposition'], io: false },
  agent: {
    rooms: [
      'catalog',
      'collectors',
      'exposition',
      'procfs',
      'ttrpc',
      'proto',
      'transport',
      'options',
      'program',
      'settings',
    ],
    io: true,
  },
  shim: {
    rooms: [
      'catalog',
      'collectors',
      'exposition',
      'procfs',
      'ttrpc',
      'proto',
      'transport',
      'options',
      'program',
      'settings',
      'sandbox-policy',
    ],
    io: true,
  },
  monitor: {
    rooms: [
      'catalog',
      'exposition',
      'shim-client',
      'cri',
      'derived-metrics',
      'collectors',
      'procfs',
      'options',
      'program',
      'web-config',
      'systemd',
      'sandboxes',
      'sandbox-policy',
      'settings',
    ],
    io: true,
  },
  cli: {
    rooms: [
      'shim-client',
      'cri',
      'exposition',
      'catalog',
      'agent',
      'shim',
      'monitor',
      'options',
      'program',
      'sandboxes',
      'settings',
    ],
    io: true,
  },
};

/** The room that may import every other, and that none may import. */
const programsRoom = 'bin';

const ioModules =
  /^node:(?:fs|fs\/promises|net|tls|dgram|http|https|http2|child_process|cluster|worker_threads|dns|dns\/promises)$/;

function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

/** The room of a file below src/, or undefined for one that lies in none. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts[0] === 'src' && parts.length > 2 ? parts[1] : undefined;
}

function checkLibrary(path: string, room: string, specifier: string): string[] {
  if (!specifier.startsWith('node:') && isBuiltinWithoutPrefix(specifier)) {
    return [`${path}: "${specifier}" must be written "node:${specifier}"`];
  }
  const isRefused = law[room]?.io === false && !isTest(path) && ioModules.test(specifier);
  return isRefused ? [`${path}: room "${room}" does no input or output by itself, but imports "${specifier}"`] : [];
}

function isBuiltinWithoutPrefix(specifier: string): boolean {
  return ioModules.test(`node:${specifier}`);
}

function checkRelative(path: string, room: string, target: string): string[] {
  if (!target.startsWith('src/')) {
    return isTest(path) ? [] : [`${path}: the product may not import "${target}", which is outside of src/`];
  }
  const targetRoom = roomOf(target);
  if (targetRoom === room) return [];
  if (targetRoom === undefined) return [`${path}: "${target}" lies in no room`];
  if (targetRoom === programsRoom)
    return [`${path}: nobody imports room "${programsRoom}", but this does: "${target}"`];
  const isAllowed = room === programsRoom || law[room]?.rooms.includes(targetRoom) === true;
  if (!isAllowed) return [`${path}: room "${room}" may not import room "${targetRoom}" ("${target}")`];
  const entryPoints = law[targetRoom]?.entryPoints ?? ['index.ts'];
  if (!entryPoints.some((entryPoint) => target === `src/${targetRoom}/${entryPoint}`)) {
    return [`${path}: room "${targetRoom}" is entered by its ${entryPoints.join(', ')} only, not by "${target}"`];
  }
  return [];
}

function checkFile(path: string, text: string): string[] {
  const room = roomOf(path);
  if (room === undefined) return [`${path}: lies in no room of src/`];
  if (room !== programsRoom && law[room] === undefined) return [`${path}: room "${room}" is not in the import law`];
  return findImports(text).flatMap((specifier) => {
    if (!specifier.startsWith('.')) return checkLibrary(path, room, specifier);
    if (!/\.(?:ts|json)$/.test(specifier)) return [`${path}: "${specifier}" must end with .ts`];
    return checkRelative(path, room, posix.join(posix.dirname(path), specifier));
  });
}

function importGraph(files: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map(
    [...files].map(([path, text]) => {
      const targets = findImports(text).filter((specifier) => specifier.startsWith('.'));
      return [path, targets.map((specifier) => posix.join(posix.dirname(path), specifier))];
    }),
  );
}

/**
 * Every breach of the law, one line each, in the order of the files; empty when there is none.
 * `files` has the text of each TypeScript file below src/ by its path from the repository, such as `src/cri/index.ts`.
 */
export function checkImports(files: ReadonlyMap<string, string>): string[] {
  const breaches = [...files].flatMap(([path, text]) => checkFile(path, text));
  const cycles = findCycles(importGraph(files)).map((cycle) => `Import cycle: ${cycle.join(' -> ')}`);
  return [...breaches, ...cycles];
}
