/**
 * The command line of `npm run package` as data. Called by main.ts; starts nothing.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Machine, machines, thisMachine } from './machine.ts';

export const usage = `Usage: npm run package -- deb|rpm|image-root [DIRECTORY] [options]

deb and rpm write a package into DIRECTORY, by default build/. image-root writes the root file system of the image into
DIRECTORY, which must be empty or missing.

  --architecture=amd64|arm64   default: that of this machine
  --foreign-packages=DIR       for another architecture: the unpacked npm packages with its native files
  --libraries-root=DIR         image-root: a Debian root with its libraries; default: /
`;

export class UsageError extends Error {}

export interface Task {
  readonly what: 'deb' | 'help' | 'image-root' | 'rpm';
  /** Absolute. */
  readonly folder: string;
  readonly machine: Machine;
  /** See `readNativeFiles`. */
  readonly foreignPackages: string | undefined;
  readonly librariesRoot: string;
  readonly epochSeconds: number;
}

/** `epoch`: the text of SOURCE_DATE_EPOCH, or what replaces it. @throws {UsageError} */
export function readTask(args: readonly string[], epoch: string): Task {
  const { values, positionals } = parse(args);
  const [what = '', folder, ...more] = positionals;
  const task = {
    folder: resolve(folder ?? join(import.meta.dirname, '../../build')),
    machine: findMachine(values.architecture),
    foreignPackages: values['foreign-packages'],
    librariesRoot: resolve(values['libraries-root']),
    epochSeconds: readEpoch(epoch),
  };
  if (values.help === true) {
    return { what: 'help', ...task };
  }
  if (more.length > 0) {
    throw new UsageError(`Too many arguments: "${more.join(' ')}"`);
  }
  if (what !== 'deb' && what !== 'rpm' && what !== 'image-root') {
    throw new UsageError(`Cannot make "${what}"`);
  }
  if (what === 'image-root') {
    if (folder === undefined) {
      throw new UsageError('A DIRECTORY is missing');
    }
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new UsageError(`Directory "${folder}" is not empty`);
    }
  }
  return { what, ...task };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        architecture: { type: 'string' },
        'foreign-packages': { type: 'string' },
        'libraries-root': { type: 'string', default: '/' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function findMachine(architecture: string | undefined): Machine {
  const machine = architecture === undefined ? thisMachine : machines.find(({ debian }) => debian === architecture);
  if (machine === undefined) {
    throw new UsageError(`Cannot package for "${architecture ?? process.arch}": known are amd64 and arm64`);
  }
  return machine;
}

function readEpoch(text: string): number {
  if (!/^\d{1,11}$/.test(text)) {
    throw new UsageError(`Variable SOURCE_DATE_EPOCH must be a number of seconds, got "${text}"`);
  }
  return Number(text);
}
