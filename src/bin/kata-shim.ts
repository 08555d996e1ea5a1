#!/usr/bin/env node
/**
 * kata-shim: runs on the host, one for each sandbox, and serves its metrics to the node monitor.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-shim')) {
  /** Beside this file, in TypeScript in a checkout and in JavaScript in the published package. */
  const agentProgram = fileURLToPath(new URL(`./kata-agent${extname(import.meta.filename)}`, import.meta.url));
  const { keepHeapLean, readPackageVersion } = await import('../program/index.ts');
  keepHeapLean();
  const { quoteForShell, runShimProgram } = await import('../shim/index.ts');
  process.exitCode = await runShimProgram(process.argv.slice(2), {
    version: readPackageVersion(),
    defaultAgentCommand: [process.execPath, agentProgram].map(quoteForShell).join(' '),
  });
}
