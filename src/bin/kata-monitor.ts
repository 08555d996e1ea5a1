#!/usr/bin/env node
/**
 * kata-monitor: runs on a node and serves the metrics of its sandboxes.
 */
import { continueWithLeanMalloc } from '../program/lean-malloc.ts';
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-monitor')) {
  // By default the signal ends the process, also while the program below is being loaded. The program adds its handler.
  process.on('SIGHUP', () => undefined);
  // From a checkout, where each start removes the types of every file, and for a few lines of text, one start is enough.
  if (
    import.meta.filename.endsWith('.js') &&
    !process.argv.slice(2).some((argument) => /^-*(?:h|help|version)$/.test(argument))
  ) {
    continueWithLeanMalloc();
  }
  const { exposeCollector, holdOptimization, keepHeapLean, readPackageVersion } = await import('../program/index.ts');
  keepHeapLean();
  exposeCollector();
  // Until a scrape has much to read: monitor/scrape/shim-scraper.ts.
  holdOptimization();
  const { runMonitorProgram } = await import('../monitor/program.ts');
  process.exitCode = await runMonitorProgram(process.argv.slice(2), readPackageVersion());
}
