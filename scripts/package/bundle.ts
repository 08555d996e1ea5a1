/**
 * A source file of src/ as one JavaScript file with all that it imports but koffi, which finds its native library beside
 * itself and stays a package. Called by payload.ts. The same sources give the same bytes.
 */
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const rootPath = join(import.meta.dirname, '../..');
export const NATIVE_PACKAGE = 'koffi';

export interface Bundle {
  readonly code: string;
  /** Folders of the npm packages of which something is in the code, sorted. */
  readonly packageFolders: readonly string[];
}

/** `sourcePath`: from the repository, such as `src/bin/kata-monitor.ts`. Rejects when the code would need another file. */
export async function bundleSource(sourcePath: string): Promise<Bundle> {
  const bundle = await rolldown({
    input: join(rootPath, sourcePath),
    platform: 'node',
    external: [NATIVE_PACKAGE],
    // A package may evaluate code or import a file that it does not use. What is missing is found below.
    logLevel: 'silent',
    // Importing a file of ours starts nothing, so what is not used of it is left out, with what it imports.
    treeshake: { moduleSideEffects: false },
  });
  try {
    const { output } = await bundle.generate({
      format: 'esm',
      codeSplitting: false,
      // Names stay: without them, the stack of a reported fault could not be read.
      minify: { compress: true, mangle: false, codegen: true },
    });
    const [chunk, ...others] = output;
    const missing = [...chunk.imports, ...chunk.dynamicImports].filter((name) => {
      return name !== chunk.fileName && name !== NATIVE_PACKAGE && !isBuiltin(name);
    });
    if (others.length > 0 || missing.length > 0) {
      const files = [...missing, ...others.map(({ fileName }) => fileName)].join(', ');
      throw new Error(`Cannot bundle "${sourcePath}" as one file: it would need ${files}`);
    }
    const folders = Object.entries(chunk.modules)
      .filter(([path, { renderedLength }]) => renderedLength > 0 && path.includes('/node_modules/'))
      .map(([path]) => findPackageFolder(path));
    return { code: toAscii(chunk.code), packageFolders: [...new Set(folders)].sort() };
  } finally {
    await bundle.close();
  }
}

/**
 * V8 keeps a source with one character above U+00FF in two bytes for each character. Such characters are only in strings
 * and regular expressions, where an escape means the same.
 */
function toAscii(code: string): string {
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
