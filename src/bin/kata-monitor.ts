#!/usr/bin/env node
/**
 * kata-monitor: runs on a node and serves the metrics of its sandboxes.
 */
import { keepHeapLean, readPackageVersion } from '../program/index.ts';

keepHeapLean();
const { runMonitorProgram } = await import('../monitor/index.ts');
process.exitCode = await runMonitorProgram(process.argv.slice(2), readPackageVersion());
