#!/usr/bin/env node
/**
 * kata-agent: runs in the guest and serves its metrics over ttrpc.
 */
import { runAgentProgram } from '../agent/index.ts';
import { readPackageVersion } from './package-version.ts';

process.exitCode = await runAgentProgram(process.argv.slice(2), readPackageVersion());
