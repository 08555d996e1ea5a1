/**
 * Writes docs/openapi.json, the description of the API under /api/v1, from the schemas in src/api. With `--check` it writes
 * nothing and fails when the file differs; scripts/check.ts runs it so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { openApiDocument } from '../src/api/index.ts';

const path = join(import.meta.dirname, '../docs/openapi.json');
const wanted = `${JSON.stringify(openApiDocument(manifest.version), undefined, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(path, wanted);
} else if (readFileSync(path, 'utf8') !== wanted) {
  process.stdout.write('docs/openapi.json differs from the schemas in src/api: npm run generate\n');
  process.exitCode = 1;
}
