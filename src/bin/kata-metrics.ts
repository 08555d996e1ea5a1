#!/usr/bin/env node
/**
 * kata-metrics: the pipeline and its sandboxes, for people at a terminal.
 */
import { extname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCliProgram } from '../cli/index.ts';
import { readPackageVersion } from '../program/index.ts';

const isCheckout = extname(import.meta.filename) === '.ts';

/** Beside this file, in TypeScript in a checkout and in JavaScript in the published package. */
const shimProgram = fileURLToPath(new URL(`./kata-shim${extname(import.meta.filename)}`, import.meta.url));

/** In a checkout the program has no name on the PATH. */
const selfCommand = isCheckout
  ? [process.execPath, import.meta.filename].map((path) => relative(process.cwd(), path)).join(' ')
  : 'kata-metrics';

process.exitCode = await runCliProgram(process.argv.slice(2), {
  version: readPackageVersion(),
  shimCommand: [process.execPath, shimProgram],
  selfCommand,
});
