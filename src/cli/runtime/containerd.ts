/**
 * Queries containerd for its version and for the configuration that it would use. Called by `kata-metrics runtime`.
 */
import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'smol-toml';
import { readPlainFile } from '../../program/index.ts';
import { CliError } from '../cli-error.ts';
import { asTable, criPluginOf, type Table } from './drop-in.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 30_000;
/** Path of the configuration that containerd reads by default. */
const DEFAULT_CONFIG_PATH = '/etc/containerd/config.toml';
/** All defaults of containerd 2 are 12 KB. */
const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface ContainerdFiles {
  /** A path, or a name on the PATH. */
  readonly program: string;
  readonly configPath: string;
}

export interface ContainerdVersion {
  readonly text: string;
  readonly major: number;
}

/** @throws {CliError} when it cannot be run, or writes something else */
export async function readVersion({ program }: ContainerdFiles): Promise<ContainerdVersion> {
  const output = await runContainerd(program, ['--version']);
  const [, text, major] = /\sv?((\d{1,5})\.\d{1,5}\.\d\S{0,100})/.exec(output) ?? [];
  if (text === undefined) {
    throw new CliError(`Cannot read the version of "${program}" from "${output.trim()}"`);
  }
  return { text, major: Number(major) };
}

/** All settings, defaults included. @throws {CliError} with the reason of containerd */
export async function readEffective({ program, configPath }: ContainerdFiles, document: Table): Promise<Table> {
  const file = Object.keys(document).length === 0 ? [] : ['--config', configPath];
  return parseToml(await runContainerd(program, [...file, 'config', 'dump']), `output of "${program} config dump"`);
}

/** Reads the configuration that containerd uses without any file. @throws {CliError} when containerd does not report it. */
export async function readDefaults({ program }: ContainerdFiles): Promise<Table> {
  return parseToml(await runContainerd(program, ['config', 'default']), `output of "${program} config default"`);
}

/** Undefined when there is no file where containerd needs none. @throws {CliError} */
export function readDocument(path: string): Table | undefined {
  let text: string;
  try {
    text = readPlainFile(path, MAX_CONFIG_BYTES);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path === DEFAULT_CONFIG_PATH) {
      return undefined;
    }
    throw new CliError(`Cannot read "${path}": ${(error as Error).message}`, { cause: error });
  }
  return parseToml(text, `"${path}"`);
}

/** The settings of the CRI plugin, of a document of this or any version. */
export function criTableOf(document: Table): Table {
  const plugins = asTable(document['plugins']);
  return asTable(plugins[criPluginOf(Number(document['version'] ?? 1))]);
}

export function runtimesOf(criTable: Table): Table {
  return asTable(asTable(criTable['containerd'])['runtimes']);
}

/**
 * The CRI table that counts in containerd 1.6 and 1.7: that of the last file that has one. `exceptPath`: a file that is left
 * out. @throws {CliError}
 */
export function findCriTable(configPath: string, exceptPath: string): Table {
  const root = readDocument(configPath) ?? {};
  const patterns = Array.isArray(root['imports']) ? root['imports'].map(String) : [];
  const imported = patterns.flatMap((pattern) => globSync(resolve(dirname(configPath), pattern)).toSorted());
  const documents = [root, ...imported.filter((path) => path !== exceptPath).map((path) => readDocument(path) ?? {})];
  return documents.map((document) => criTableIn(document)).findLast((table) => table !== undefined) ?? {};
}

function criTableIn(document: Table): Table | undefined {
  const plugins = asTable(document['plugins']);
  const plugin = criPluginOf(Number(document['version'] ?? 2));
  return Object.hasOwn(plugins, plugin) ? asTable(plugins[plugin]) : undefined;
}

async function runContainerd(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(program, args, { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const reason = stderr.trim().split('\n').at(-1) || message;
    throw new CliError(`Cannot run "${program} ${args.join(' ')}": ${reason}`, { cause: error });
  }
}

function parseToml(text: string, what: string): Table {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    throw new CliError(`Cannot read ${what}: ${(error as Error).message.split('\n', 1)[0]}`, { cause: error });
  }
}
