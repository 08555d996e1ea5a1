#!/usr/bin/env node
/**
 * kata-metrics: the pipeline and its sandboxes, for people at a terminal.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCliProgram } from '../cli/index.ts';
import { readPackageVersion } from './package-version.ts';

/** Beside this file, in TypeScript in a checkout and in JavaScript in the published package. */
const shimProgram = fileURLToPath(new URL(`./kata-shim${extname(import.meta.filename)}`, import.meta.url));

process.exitCode = await runCliProgram(process.argv.slice(2), {
  version: readPackageVersion(),
  shimCommand: [process.execPath, shimProgram],
});
