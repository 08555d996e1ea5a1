#!/usr/bin/env node
/**
 * The program kata-monitor.
 */
import { readFileSync } from 'node:fs';
import { runMonitorProgram } from '../monitor/index.ts';

const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

process.exitCode = await runMonitorProgram(process.argv.slice(2), manifest.version);
