#!/usr/bin/env node
/**
 * kata-monitor: runs on a node and serves the metrics of its sandboxes.
 */
import { runMonitorProgram } from '../monitor/index.ts';
import { readPackageVersion } from './package-version.ts';

process.exitCode = await runMonitorProgram(process.argv.slice(2), readPackageVersion());
