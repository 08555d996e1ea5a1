#!/usr/bin/env node
/**
 * kata-agent: runs in the guest and serves its metrics over ttrpc.
 */
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-agent')) {
  const { keepHeapLean, readPackageVersion } = await import('../program/index.ts');
  keepHeapLean();
  const { runAgentProgram } = await import('../agent/index.ts');
  process.exitCode = await runAgentProgram(process.argv.slice(2), readPackageVersion());
}
