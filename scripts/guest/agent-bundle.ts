/**
 * The agent as one JavaScript file for the guest, with all that it imports but native code. Called by the guest's build.
 * The same sources give the same bytes.
 */
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const rootPath = join(import.meta.dirname, '../..');
const entryPath = join(rootPath, 'src/bin/kata-agent.ts');

/** Libraries with native code cannot be part of a JavaScript file; the guest has them as packages. */
export const NATIVE_PACKAGES: readonly string[] = ['koffi'];

export async function bundleAgent(): Promise<Buffer> {
  const bundle = await rolldown({
    input: entryPath,
    platform: 'node',
    external: [...NATIVE_PACKAGES],
    treeshake: true,
    logLevel: 'silent',
  });
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) {
      throw new Error(`Cannot bundle the agent: expected one file, got ${output.length}`);
    }
    return Buffer.from(chunk.code);
  } finally {
    await bundle.close();
  }
}
