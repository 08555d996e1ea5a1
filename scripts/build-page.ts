/**
 * Builds the page that shows the sandboxes, from web/ into a folder: JavaScript, styles, one HTML file. Bundled by rolldown,
 * which the build of the guest uses too; Preact and uPlot become part of it. `node scripts/build-page.ts` builds it into
 * build/page, where the programs find it when they run from source; with `--if-needed` only if a source is newer.
 */
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const rootPath = join(import.meta.dirname, '..');
const webPath = join(rootPath, 'web');

/** Where the programs look for the page when they run from source. */
export const sourcePagePath: string = join(rootPath, 'build/page');

/** Of all files together, compressed: a page that loads at once over a slow line. */
export const MAX_PAGE_BYTES: number = 60 * 1024;

/** Libraries that become part of the page. */
export const pagePackageFolders: readonly string[] = ['preact', 'uplot'].map((name) =>
  join(rootPath, 'node_modules', name),
);

/** The files of the page by name. The same sources give the same bytes. */
export async function makePageFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const licenses = pagePackageFolders.map((folder) => readFileSync(join(folder, 'LICENSE'), 'utf8').trim());
  const files = new Map<string, Buffer>([
    ['app.js', await bundle()],
    ['app.css', Buffer.from(joinStyles())],
    ['index.html', readFileSync(join(webPath, 'index.html'))],
    ['icon.svg', readFileSync(join(webPath, 'icon.svg'))],
    ['licenses.txt', Buffer.from(`app.js contains Preact and uPlot.\n\n${licenses.join('\n\n')}\n`)],
  ]);
  const size = sizeOf(files);
  if (size > MAX_PAGE_BYTES) {
    throw new Error(`The page has ${size} bytes compressed, at most ${MAX_PAGE_BYTES}`);
  }
  return files;
}

/** Of what a browser loads, compressed. */
function sizeOf(files: ReadonlyMap<string, Buffer>): number {
  return [...files]
    .filter(([name]) => name !== 'licenses.txt')
    .reduce((sum, [, bytes]) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}

/** Replaces the folder as a whole, so that no reader sees a half of it. Returns the compressed size of all files. */
export async function buildPage(outputPath: string): Promise<number> {
  const files = await makePageFiles();
  const newPath = `${outputPath}.${process.pid}`;
  mkdirSync(newPath, { recursive: true });
  for (const [name, bytes] of files) {
    writeFileSync(join(newPath, name), bytes);
  }
  rmSync(outputPath, { recursive: true, force: true });
  try {
    renameSync(newPath, outputPath);
  } catch (error) {
    // Another process has built it at the same time.
    rmSync(newPath, { recursive: true, force: true });
    if (!existsSync(join(outputPath, 'index.html'))) {
      throw error;
    }
  }
  return sizeOf(files);
}

/** Builds the page for programs that run from source, unless it is newer than every source. */
export async function buildSourcePage(): Promise<void> {
  const builtMs = statSync(join(sourcePagePath, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = globSync(
    ['web/*', 'src/{api,view,catalog,program}/*.ts', 'package-lock.json', 'scripts/build-page.ts'],
    {
      cwd: rootPath,
    },
  );
  if (sources.some((path) => statSync(join(rootPath, path)).mtimeMs >= builtMs)) {
    await buildPage(sourcePagePath);
  }
}

async function bundle(): Promise<Buffer> {
  const built = await rolldown({
    input: join(webPath, 'main.tsx'),
    platform: 'browser',
    tsconfig: join(webPath, 'tsconfig.json'),
    logLevel: 'silent',
    transform: { target: 'es2022', define: { 'process.env.NODE_ENV': '"production"' } },
    treeshake: { moduleSideEffects: false },
  });
  try {
    const { output } = await built.generate({ format: 'esm', codeSplitting: false, minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) {
      throw new Error(`Cannot bundle the page: expected one file, got ${output.length}`);
    }
    return Buffer.from(chunk.code);
  } finally {
    await built.close();
  }
}

function joinStyles(): string {
  const ofPlot = readFileSync(join(rootPath, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8');
  return `${ofPlot.trim()}\n${readFileSync(join(webPath, 'app.css'), 'utf8').replaceAll(/\n\s*/g, '\n')}`;
}

if (import.meta.main) {
  if (process.argv.includes('--if-needed')) {
    await buildSourcePage();
  } else {
    const size = await buildPage(sourcePagePath);
    process.stdout.write(`build/page: ${size} bytes compressed, at most ${MAX_PAGE_BYTES}\n`);
  }
}
