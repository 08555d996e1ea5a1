/**
 * Rewrites everything in the repository that is generated (npm run generate), one generator after the other. What they
 * write is committed; scripts/check.ts holds it against its sources.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const generators = [
  'generate-proto.ts',
  'generate-metrics-doc.ts',
  'generate-configuration-doc.ts',
  'generate-operator-files.ts',
  'generate-module-table.ts',
  'generate-monitoring.ts',
  'generate-limits-table.ts',
  'generate-openapi.ts',
];

for (const generator of generators) {
  process.stdout.write(`${generator}\n`);
  execFileSync(process.execPath, [join(import.meta.dirname, generator)], { stdio: 'inherit' });
}
