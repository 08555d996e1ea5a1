/**
 * Sources of src/ as JavaScript with all that they import: as one file, in which koffi stays a package, for payload.ts, and
 * as several that share code, for the build. The same sources give the same bytes.
 */
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { viteDynamicImportVarsPlugin, viteImportGlobPlugin } from 'rolldown/experimental';
import { takeBuiltins } from './take-builtins.ts';

const rootPath = join(import.meta.dirname, '../..');
/** The beginning of the programs, which says that Node.js is too old, must run on one that has no process.getBuiltinModule. */
const RUNS_ANYWHERE = '/src/bin/';

export const NATIVE_PACKAGE = 'koffi';

export interface Bundle {
  readonly code: string;
  /** Folders of the npm packages of which something is in the code, sorted. */
  readonly packageFolders: readonly string[];
}

export interface SplitBundle {
  /** By path, such as `bin/kata-monitor.js`. */
  readonly files: ReadonlyMap<string, string>;
  readonly packageFolders: readonly string[];
}

/** `sourcePath`: from the repository, such as `src/bin/kata-monitor.ts`. Rejects when the code would need another file. */
export async function bundleSource(sourcePath: string): Promise<Bundle> {
  const { files, packageFolders } = await generate([sourcePath], [NATIVE_PACKAGE], { codeSplitting: false });
  const [[, code]] = [...files] as [[string, string]];
  return { code, packageFolders };
}

/**
 * Several sources with the code that they share in files of their own, so that a program loads no more than it runs: entries
 * in the folder that `folderOf` gives by the name of the source, what they share in lib/. Both lie equally deep in the package.
 * `plugins` may change the sources.
 */
export function bundleSources(
  sourcePaths: readonly string[],
  folderOf: (name: string) => 'bin' | 'lib',
  plugins: readonly Plugin[] = [],
): Promise<SplitBundle> {
  const options: OutputOptions = {
    codeSplitting: true,
    entryFileNames: ({ name }) => `${folderOf(name)}/[name].js`,
    chunkFileNames: 'lib/[name]-[hash].js',
  };
  return generate(sourcePaths, [], options, plugins);
}

async function generate(
  sourcePaths: readonly string[],
  external: readonly string[],
  options: OutputOptions,
  plugins: readonly Plugin[] = [],
): Promise<SplitBundle> {
  const bundle = await rolldown({
    input: sourcePaths.map((path) => join(rootPath, path)),
    platform: 'node',
    external: [...external],
    // A package may evaluate code or import a file that it does not use. What is missing is found below.
    logLevel: 'silent',
    // For imports by a part of a path, such as that of a hypervisor.
    plugins: [...plugins, viteDynamicImportVarsPlugin({}), viteImportGlobPlugin({})],
    // Importing a file of ours starts nothing, so what is not used of it is left out, with what it imports.
    treeshake: { moduleSideEffects: false },
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      // Names stay: without them, the stack of a reported fault could not be read.
      minify: { compress: true, mangle: false, codegen: true },
      ...options,
    });
    const chunks = output.filter((file) => file.type === 'chunk');
    const known = new Set([...chunks.map(({ fileName }) => fileName), ...external]);
    const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
    const missing = imports.filter((name) => !known.has(name) && !isBuiltin(name));
    const assets = output.filter((file) => file.type === 'asset').map(({ fileName }) => fileName);
    if (missing.length > 0 || assets.length > 0) {
      const files = [...missing, ...assets].join(', ');
      throw new Error(`Cannot bundle "${sourcePaths.join(', ')}" as one file: it would need ${files}`);
    }
    const folders = chunks.flatMap(({ modules }) =>
      Object.entries(modules)
        .filter(([path, { renderedLength }]) => renderedLength > 0 && path.includes('/node_modules/'))
        .map(([path]) => findPackageFolder(path)),
    );
    return {
      files: new Map(
        chunks.map(({ fileName, code, moduleIds }) => {
          const runsAnywhere = moduleIds.every((id) => id.includes(RUNS_ANYWHERE));
          return [fileName, toAscii(runsAnywhere ? code : takeBuiltins(code))];
        }),
      ),
      packageFolders: [...new Set(folders)].sort(),
    };
  } finally {
    await bundle.close();
  }
}

/**
 * V8 keeps a source with one character above U+00FF in two bytes for each character. Such characters are only in strings
 * and regular expressions, where an escape means the same.
 */
export function toAscii(code: string): string {
  return code.replaceAll(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Folders in a package may have a package.json too, so the path decides. */
function findPackageFolder(modulePath: string): string {
  const [, folder] = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(modulePath) ?? [];
  if (folder === undefined) {
    throw new Error(`Cannot find the package of module "${modulePath}"`);
  }
  return folder;
}
