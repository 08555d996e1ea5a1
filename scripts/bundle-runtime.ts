/**
 * The shim of the runtime as one file, and the small script that containerd finds by its name. Called by the build and by
 * tests.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from './guest/agent-bundle.ts';

const programPath = join(import.meta.dirname, 'runtime-program.ts');
const NAME = 'containerd-shim-kata-v2';
/** A shim is there once for each pod: what makes it smaller, as measured in docs/runtime.md. */
const NODE_OPTIONS = [
  '--no-warnings',
  '--lite-mode',
  '--semi-space-growth-factor=1',
  '--heap-growing-percent=60',
  '--expose-gc',
];
const EXECUTABLE = 0o755;

export interface BundleOptions {
  /** A folder; made where it is missing. */
  readonly outputPath: string;
  /** As the script starts it: a path, or a name on containerd's PATH. */
  readonly nodeProgram: string;
}

/** Returns the path of the script. */
export async function bundleRuntime({ outputPath, nodeProgram }: BundleOptions): Promise<string> {
  mkdirSync(outputPath, { recursive: true });
  writeFileSync(join(outputPath, `${NAME}.cjs`), await bundleProgram(programPath, { format: 'cjs' }));
  const scriptPath = join(outputPath, NAME);
  const script = `#!/bin/sh\nexec '${nodeProgram}' ${NODE_OPTIONS.join(' ')} "$(dirname "$(readlink -f "$0")")/${NAME}.cjs" "$@"\n`;
  writeFileSync(scriptPath, script);
  chmodSync(scriptPath, EXECUTABLE);
  return scriptPath;
}
