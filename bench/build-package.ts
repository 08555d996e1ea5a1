/**
 * Makes the published form of the programs, which the benches measure.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export function buildPackage(): void {
  const script = join(import.meta.dirname, '../scripts/build.ts');
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    throw new Error('Cannot measure: the package cannot be built');
  }
}
