/**
 * `kata-metrics runtime`: adds the runtime to containerd by one drop-in file, and checks with containerd itself that the
 * file adds it and changes nothing else. Never changes a file that it has not written, and restarts nothing.
 */
import { execFile } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, matchesGlob, resolve } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { OptionError, type OptionValues } from '../../options/index.ts';
import { isExecutable } from '../../program/index.ts';
import type { cliCommands } from '../../settings/cli.ts';
import { CliError } from '../cli-error.ts';
import type { RuntimeAction } from './actions.ts';
import {
  type ContainerdFiles,
  criTableOf,
  findCriTable,
  readDefaults,
  readDocument,
  readEffective,
  readVersion,
  runtimesOf,
} from './containerd.ts';
import { asTable, criPluginOf, formatDropIn, isTable, OWNER_LINE, type Table } from './drop-in.ts';

type RuntimeValues = OptionValues<typeof cliCommands.runtime.options>;

const run = promisify(execFile);
const SHIM_NAME = 'containerd-shim-kata-v2';
/** `npm run build` makes it: beside the folder of the built command, and below dist/ of a checkout. */
const SHIM_PATHS = [
  join(import.meta.dirname, '../runtime', SHIM_NAME),
  join(import.meta.dirname, '../../../dist/runtime', SHIM_NAME),
];
const FILE_MODE = 0o644;
const SHIM_TIMEOUT_MS = 30_000;
/** containerd 1 repeats, containerd 2 merges. */
const MERGING_MAJOR = 2;
/** A handler of a RuntimeClass is a label of a DNS name: RFC 1123. */
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws {CliError} when the runtime is not in use afterwards, with the steps that are left */
export async function runtime(action: RuntimeAction, values: RuntimeValues): Promise<void> {
  const { dropIn, name } = values;
  if (!isAbsolute(dropIn) || !dropIn.endsWith('.toml')) {
    throw new OptionError(`Option "--drop-in" must be an absolute path that ends with .toml, got "${dropIn}"`);
  }
  if (!NAME.test(name)) {
    throw new OptionError(
      `Option "--name" must be 1 to 63 of a-z 0-9 - and begin and end with a letter or digit, got "${name}"`,
    );
  }
  const old = readOwn(dropIn);
  if (action === 'uninstall') {
    uninstall(values, old);
  } else {
    await install(values, old);
  }
}

function uninstall({ dropIn, dryRun }: RuntimeValues, old: string | undefined): void {
  if (old === undefined) {
    print(`There is no "${dropIn}": nothing to remove`);
  } else if (dryRun) {
    print(`Would remove "${dropIn}"`);
  } else {
    rmSync(dropIn);
    print(`Removed "${dropIn}". Restart containerd: systemctl restart containerd`);
  }
}

async function install(values: RuntimeValues, old: string | undefined): Promise<void> {
  const { name, dropIn, dryRun, containerdConfig: configPath } = values;
  const files: ContainerdFiles = { program: values.containerd, configPath };
  const shimPath = await findShim(values.shim);
  const version = await readVersion(files);
  const document = readDocument(configPath) ?? {};
  const isMerging = version.major >= MERGING_MAJOR;
  const configVersion = readConfigVersion(document, configPath, isMerging);
  const text = formatDropIn({
    configVersion,
    repeated: isMerging
      ? undefined
      : {
          criTable: findCriTable(configPath, dropIn),
          runtimes: runtimesOf(criTableOf(await readDefaults(files))),
        },
    name,
    shimPath,
  });
  if (dryRun) {
    process.stdout.write(text);
    return;
  }
  const isRead = await replaceAndCheck({ files, document, name, dropIn, old, text });
  print(`Wrote "${dropIn}": runtime "${name}" is "${shimPath}"`);
  if (!isRead) {
    throw new CliError(describeMissingImport(document, configPath, configVersion, dropIn));
  }
  print(`containerd ${version.text} reads it. Restart containerd: systemctl restart containerd`);
}

interface Replacement {
  readonly files: ContainerdFiles;
  readonly document: Table;
  readonly name: string;
  readonly dropIn: string;
  /** Text of the file before the change; undefined if it does not exist. */
  readonly old: string | undefined;
  readonly text: string;
}

/**
 * Writes the file, and compares what containerd would use with it and without it. True: containerd reads the file. Puts back
 * what was there before when anything but the runtime would change. @throws {CliError}
 */
async function replaceAndCheck({ files, document, name, dropIn, old, text }: Replacement): Promise<boolean> {
  try {
    rmSync(dropIn, { force: true });
    const before = criTableOf(await readEffective(files, document));
    if (Object.hasOwn(runtimesOf(before), name)) {
      throw new CliError(
        `Runtime "${name}" is in the configuration of containerd already; choose another name by --name, or remove it there`,
      );
    }
    writeWhole(dropIn, text);
    const after = criTableOf(await readEffective(files, document));
    if (!Object.hasOwn(runtimesOf(after), name)) {
      return false;
    }
    const changed = findDifference(before, withoutRuntime(after, name));
    if (changed !== undefined) {
      throw new CliError(`The file would change setting "${changed}" of containerd, and was not left there`);
    }
    return true;
  } catch (error) {
    if (old === undefined) {
      rmSync(dropIn, { force: true });
    } else {
      writeWhole(dropIn, old);
    }
    throw error;
  }
}

function withoutRuntime(criTable: Table, name: string): Table {
  const { [name]: _, ...runtimes } = runtimesOf(criTable);
  return { ...criTable, containerd: { ...asTable(criTable['containerd']), runtimes } };
}

/** The dotted name of the first setting that differs. */
function findDifference(before: Table, after: Table, prefix = ''): string | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [one, other] = [before[key], after[key]];
    const found =
      isTable(one) && isTable(other)
        ? findDifference(one, other, `${prefix}${key}.`)
        : isDeepStrictEqual(one, other)
          ? undefined
          : `${prefix}${key}`;
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** containerd without a file is configured by the newest version that it has. */
function readConfigVersion(document: Table, configPath: string, isMerging: boolean): number {
  const isThere = Object.keys(document).length > 0;
  const version = isThere ? Number(document['version'] ?? 1) : isMerging ? MERGING_MAJOR + 1 : MERGING_MAJOR;
  try {
    criPluginOf(version);
  } catch (error) {
    throw new CliError(`Cannot use "${configPath}": ${(error as Error).message}`, { cause: error });
  }
  return version;
}

function describeMissingImport(document: Table, configPath: string, version: number, dropIn: string): string {
  const pattern = join(dirname(dropIn), '*.toml');
  const imports = document['imports'];
  if (
    Array.isArray(imports) &&
    imports.some((each) => matchesGlob(dropIn, resolve(dirname(configPath), String(each))))
  ) {
    return `containerd does not use it: a file that "${configPath}" imports later sets the same table. Choose a name that sorts last by --drop-in`;
  }
  const step = Array.isArray(imports)
    ? `Add "${pattern}" to "imports" of "${configPath}"`
    : Object.keys(document).length > 0
      ? `Add this line at the beginning of "${configPath}":\nimports = ["${pattern}"]\n`
      : `Create "${configPath}" with these lines:\nversion = ${version}\nimports = ["${pattern}"]\n`;
  return `containerd does not read it yet. ${step}\nThen run this command again: it checks that the runtime is used`;
}

/** @throws {CliError} when it is not there or cannot be run */
async function findShim(path: string | undefined): Promise<string> {
  const shimPath = path === undefined ? SHIM_PATHS.find(isExecutable) : resolve(path);
  if (shimPath === undefined) {
    throw new CliError(`There is no "${SHIM_PATHS.at(-1)}": "npm run build" creates it; --shim names another one`);
  }
  try {
    await run(shimPath, ['-v'], { timeout: SHIM_TIMEOUT_MS });
    return shimPath;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    throw new CliError(`Cannot run the shim "${shimPath}": ${stderr.trim() || message}`, { cause: error });
  }
}

/** The content of our own file; undefined when there is none. @throws {CliError} for a file of somebody else */
function readOwn(path: string): string | undefined {
  try {
    const text = lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
    if (text.startsWith(`${OWNER_LINE}\n`)) {
      return text;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return undefined;
    }
    throw new CliError(`Cannot read "${path}": ${message}`, { cause: error });
  }
  throw new CliError(`"${path}" was not written by kata-metrics, and is left as it is; --drop-in names another file`);
}

/** A reader sees all of it or the old one. @throws {CliError} */
function writeWhole(path: string, text: string): void {
  const newPath = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // A new file, whatever stands there, and on the disk before it has its name.
    rmSync(newPath, { force: true });
    writeFileSync(newPath, text, { flag: 'wx', mode: FILE_MODE, flush: true });
    renameSync(newPath, path);
  } catch (error) {
    rmSync(newPath, { force: true });
    throw new CliError(`Cannot write "${path}": ${(error as Error).message}`, { cause: error });
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
