/**
 * The agent as JavaScript for the guest, with all that it imports but packages with native code: of those it gives the files. What
 * only some guests need is in files that are loaded when it is. Called by the guest's build. The same sources give the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RolldownBuild, rolldown } from 'rolldown';
import { toAscii } from '../package/bundle.ts';
import { dropDescriptions } from '../package/drop-descriptions.ts';

const rootPath = join(import.meta.dirname, '../..');
const entryPath = join(import.meta.dirname, 'agent-program.ts');

/** In the guest. */
export const AGENT_FILE = 'kata-agent.js';

/**
 * koffi finds its library by folders beside its own, so it stays a package: what runs of it, for this kind of machine.
 */
const NATIVE_PACKAGE = 'koffi';
const NATIVE_FILES: readonly string[] = [
  'koffi/package.json',
  // Programs of tests are modules, the agent is CommonJS.
  ...['koffi/index.js', 'koffi/src/koffi/index.js', 'koffi/src/koffi/src/static.js'],
  ...['koffi/index.cjs', 'koffi/src/koffi/index.cjs', 'koffi/src/koffi/src/static.cjs'],
  '@koromix/koffi-linux-x64/package.json',
  '@koromix/koffi-linux-x64/index.js',
  '@koromix/koffi-linux-x64/linux_x64/koffi.node',
];

export interface AgentBundle {
  /** By name: the program, and what it loads when it serves a runtime or reads an exporter. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** By path below node_modules. */
  readonly packages: ReadonlyMap<string, Buffer>;
}

export async function bundleAgent(): Promise<AgentBundle> {
  const bundle = await openBundle(entryPath);
  try {
    const { output } = await bundle.generate({
      format: 'cjs',
      minify: true,
      entryFileNames: AGENT_FILE,
      chunkFileNames: 'lib-[hash].cjs',
    });
    const chunks = output.map((file): [string, Buffer] => {
      if (file.type !== 'chunk') {
        throw new Error(`Cannot bundle the agent: "${file.fileName}" is no code`);
      }
      return [file.fileName, Buffer.from(toAscii(file.code))];
    });
    const packages = NATIVE_FILES.map((path) => [path, readFileSync(join(rootPath, 'node_modules', path))] as const);
    return { files: new Map(chunks.sort(([a], [b]) => (a < b ? -1 : 1))), packages: new Map(packages) };
  } finally {
    await bundle.close();
  }
}

function openBundle(programPath: string): Promise<RolldownBuild> {
  return rolldown({
    input: programPath,
    platform: 'node',
    external: [NATIVE_PACKAGE],
    logLevel: 'silent',
    plugins: [dropDescriptions()],
    // Importing a file of ours starts nothing, so what is not used of it is left out, with what it imports.
    treeshake: { moduleSideEffects: false },
  });
}

/** Any program for the guest, as the agent is bundled: for tests that run theirs in its place. */
export async function bundleProgram(
  programPath: string,
  { format = 'esm' }: { readonly format?: 'cjs' | 'esm' } = {},
): Promise<Buffer> {
  const bundle = await openBundle(programPath);
  try {
    const { output } = await bundle.generate({ format, codeSplitting: false, minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) {
      throw new Error(`Cannot bundle "${programPath}": expected one file, got ${output.length}`);
    }
    return Buffer.from(toAscii(chunk.code));
  } finally {
    await bundle.close();
  }
}
