#!/usr/bin/env node
/**
 * kata-agent: runs in the guest and serves its metrics over ttrpc.
 */
import { agentProcessFlags, continueAsSmallProcess } from '../program/small-process.ts';
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-agent')) {
  // From a checkout, where each start removes the types of every file, one start is enough.
  if (import.meta.filename.endsWith('.js') && process.argv.some((argument) => argument.startsWith('--listen'))) {
    continueAsSmallProcess(agentProcessFlags);
  }
  // Not the index of the module, because the bundle would then load the parts that other programs use.
  const [{ keepHeapLean }, { readPackageVersion }] = await Promise.all([
    import('../program/lean-heap.ts'),
    import('../program/package-version.ts'),
  ]);
  keepHeapLean();
  const { runAgentProgram } = await import('../agent/index.ts');
  process.exitCode = await runAgentProgram(process.argv.slice(2), readPackageVersion());
}
