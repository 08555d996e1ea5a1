#!/usr/bin/env node
/**
 * kata-monitor: runs on a node and serves the metrics of its sandboxes.
 */
import { isNodeSupported } from './supported-node.ts';

if (isNodeSupported('kata-monitor')) {
  // By default the signal ends the process, also while the program below is being loaded. The program adds its handler.
  process.on('SIGHUP', () => undefined);
  const { holdOptimization, keepHeapLean, readPackageVersion } = await import('../program/index.ts');
  keepHeapLean();
  // Until a scrape has much to read: monitor/scrape/shim-scraper.ts.
  holdOptimization();
  const { runMonitorProgram } = await import('../monitor/program.ts');
  process.exitCode = await runMonitorProgram(process.argv.slice(2), readPackageVersion());
}
