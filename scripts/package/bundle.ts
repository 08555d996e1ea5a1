/**
 * Programs of src/bin/ as JavaScript with all that they import, in files that share code, for the build and for payload.ts. The same
 * sources give the same bytes.
 */
import { globSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { viteDynamicImportVarsPlugin, viteImportGlobPlugin } from 'rolldown/experimental';
import { dropDescriptions } from './drop-descriptions.ts';
import { takeBuiltins } from './take-builtins.ts';

const rootPath = join(import.meta.dirname, '../..');
/** The beginning of the programs, which says that Node.js is too old, must run on one that has no process.getBuiltinModule. */
const RUNS_ANYWHERE = '/src/bin/';

export const NATIVE_PACKAGE = 'koffi';

export interface Bundle {
  /** By path, such as `bin/kata-monitor.js`. */
  readonly files: ReadonlyMap<string, string>;
  /** Folders of the npm packages of which something is in the code, sorted. */
  readonly packageFolders: readonly string[];
}

/**
 * The programs of these sources, such as `src/bin/kata-monitor.ts`, and the threads of all modules. The code that they share is in
 * separate files, so that a program loads no more than it runs: programs are in bin/, all else in lib/, equally deep in the
 * package. `external`: packages that stay packages. `plugins` may change the sources. Rejects when the code would need another
 * file.
 */
export async function bundlePrograms(
  programPaths: readonly string[],
  external: readonly string[],
  plugins: readonly Plugin[] = [],
): Promise<Bundle> {
  // A thread starts its file from the folder of the one that starts it, which is among what programs share.
  const workers = globSync('src/**/*-worker.ts', { cwd: rootPath }).sort();
  const sourcePaths = [...programPaths, ...workers];
  const bundle = await rolldown({
    input: sourcePaths.map((path) => join(rootPath, path)),
    platform: 'node',
    external: [...external],
    // A package may evaluate code or import a file that it does not use. What is missing is found below.
    logLevel: 'silent',
    // For imports by a part of a path, such as that of a hypervisor.
    plugins: [...plugins, dropDescriptions(), viteDynamicImportVarsPlugin({}), viteImportGlobPlugin({})],
    // Importing a file of ours starts nothing, so what is not used of it is left out, with what it imports.
    treeshake: { moduleSideEffects: false },
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      // Names stay: without them, the stack of a reported fault could not be read.
      minify: { compress: true, mangle: false, codegen: true },
      entryFileNames: ({ name }) => `${name.endsWith('-worker') ? 'lib' : 'bin'}/[name].js`,
      chunkFileNames: 'lib/[name]-[hash].js',
    });
    const chunks = output.filter((file) => file.type === 'chunk');
    const known = new Set([...chunks.map(({ fileName }) => fileName), ...external]);
    const imports = chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]);
    const missing = imports.filter((name) => !known.has(name) && !isBuiltin(name));
    const assets = output.filter((file) => file.type === 'asset').map(({ fileName }) => fileName);
    if (missing.length > 0 || assets.length > 0) {
      const files = [...missing, ...assets].join(', ');
      throw new Error(`Cannot bundle "${programPaths.join(', ')}": it would need ${files}`);
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
