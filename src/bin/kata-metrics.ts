#!/usr/bin/env node
/**
 * kata-metrics: the pipeline and its sandboxes, in a terminal.
 */
import { extname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { smallProcessFlags } from '../program/small-process.ts';
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-metrics')) {
  const isCheckout = extname(import.meta.filename) === '.ts';

  /** The program next to this file, in TypeScript in a checkout and in JavaScript in the published package. */
  const shimProgram = fileURLToPath(new URL(`./kata-shim${extname(import.meta.filename)}`, import.meta.url));

  /** The command that starts this program; in a checkout, its name is not on the PATH. */
  const selfCommand = isCheckout
    ? [process.execPath, import.meta.filename].map((path) => relative(process.cwd(), path)).join(' ')
    : 'kata-metrics';

  if (isCheckout) {
    const { keepStrippedTypes } = await import('../program/stripped-types.ts');
    keepStrippedTypes(process.env);
  }

  const { readPackageVersion } = await import('../program/package-version.ts');
  const { runCliProgram } = await import('../cli/index.ts');
  process.exitCode = await runCliProgram(process.argv.slice(2), {
    version: readPackageVersion(),
    shimCommand: [process.execPath, ...smallProcessFlags, shimProgram],
    selfCommand,
  });
}
