#!/usr/bin/env node
/**
 * kata-shim: runs on the host, one for each sandbox, and serves its metrics to the node monitor.
 */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentProcessFlags, continueAsSmallProcess } from '../program/small-process.ts';
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-shim')) {
  /** The program next to this file, in TypeScript in a checkout and in JavaScript in the published package. */
  const agentProgram = fileURLToPath(new URL(`./kata-agent${extname(import.meta.filename)}`, import.meta.url));
  // From a checkout, where each start removes the types of every file, one start is enough.
  if (extname(import.meta.filename) === '.js' && ['attach', 'run'].includes(process.argv[2] ?? '')) {
    continueAsSmallProcess();
  }
  // Not the index of the module, because the bundle would then load the parts that other programs use.
  const [{ keepHeapLean }, { readPackageVersion }] = await Promise.all([
    import('../program/lean-heap.ts'),
    import('../program/package-version.ts'),
  ]);
  keepHeapLean();
  const { quoteForShell, runShimProgram } = await import('../shim/index.ts');
  process.exitCode = await runShimProgram(process.argv.slice(2), {
    version: readPackageVersion(),
    defaultAgentCommand: [process.execPath, ...agentProcessFlags, agentProgram].map(quoteForShell).join(' '),
  });
}
