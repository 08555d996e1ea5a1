/**
 * Writes docs/openapi.json, the description of the API under /api/v1, from the schemas in src/api. With `--check` it writes
 * nothing and fails when the file differs; scripts/check.ts runs it so.
 */
import manifest from '../package.json' with { type: 'json' };
import { openApiDocument } from '../src/api/index.ts';
import { writeGeneratedFiles } from './generated-files.ts';

const text = `${JSON.stringify(openApiDocument(manifest.version), undefined, 2)}\n`;
writeGeneratedFiles(new Map([['docs/openapi.json', text]]), 'the schemas in src/api');
