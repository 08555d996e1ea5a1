/**
 * The text of the drop-in file that adds the runtime to containerd. Called by `kata-metrics runtime`; reads and writes no
 * file.
 *
 * containerd 2 merges the tables of all its files. containerd 1.6 and 1.7 take the whole table of a plugin from the last
 * file that has one, so the drop-in has to repeat the CRI table of the other files, or their settings are lost. Their
 * decoder also replaces the list of runtimes as a whole, so the default runtime has to be repeated, too.
 */
import { stringify } from 'smol-toml';

/** A table as smol-toml reads it. */
export type Table = Readonly<Record<string, unknown>>;

export interface DropIn {
  /** Version of the file that imports this one; containerd does not accept a higher one in a drop-in. */
  readonly configVersion: number;
  /** Tables that this file has to repeat. Undefined: containerd merges tables. */
  readonly repeated: { readonly criTable: Table; readonly runtimes: Table } | undefined;
  /** Name of the runtime. */
  readonly name: string;
  /** An absolute path. */
  readonly shimPath: string;
}

/** The first line of the file: without it the file belongs to somebody else, and is neither written nor removed. */
export const OWNER_LINE = '# Written by "kata-metrics runtime install". "kata-metrics runtime uninstall" removes it.';

const VERSION_2_PLUGIN = 'io.containerd.grpc.v1.cri';
const VERSION_3_PLUGIN = 'io.containerd.cri.v1.runtime';
const MIN_VERSION = 2;
/** Higher versions of containerd read it, and its name of the plugin has not changed since. */
const MAX_WRITTEN_VERSION = 3;

/** @throws {Error} for a version whose form is not known. */
export function criPluginOf(configVersion: number): string {
  if (!(configVersion >= MIN_VERSION)) {
    throw new Error(
      `its version is ${configVersion}, at least ${MIN_VERSION} is required ("containerd config migrate" converts it)`,
    );
  }
  return configVersion === MIN_VERSION ? VERSION_2_PLUGIN : VERSION_3_PLUGIN;
}

export function formatDropIn({ configVersion, repeated, name, shimPath }: DropIn): string {
  const runtime = {
    runtime_type: 'io.containerd.kata.v2',
    runtime_path: shimPath,
    pod_annotations: ['io.katacontainers.*'],
    privileged_without_host_devices: true,
  };
  const own = asTable(repeated?.criTable['containerd']);
  const cri = {
    ...repeated?.criTable,
    containerd: { ...own, runtimes: { ...repeated?.runtimes, ...asTable(own['runtimes']), [name]: runtime } },
  };
  const document = {
    version: Math.min(configVersion, MAX_WRITTEN_VERSION),
    plugins: { [criPluginOf(configVersion)]: cri },
  };
  const notes =
    repeated === undefined
      ? []
      : [
          '# This version of containerd takes the whole CRI table from the last file that has one. This file repeats what the',
          '# other files set: after changing them, run the command again.',
        ];
  return `${[OWNER_LINE, ...notes, stringify(document)].join('\n')}\n`;
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Returns `value` if it is a table, otherwise an empty table. */
export function asTable(value: unknown): Table {
  return isTable(value) ? value : {};
}
