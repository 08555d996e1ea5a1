/**
 * The record that a shim writes into each bundle of its sandbox, so that `delete` can clean up after a shim that was
 * killed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SandboxRecord {
  readonly shimPid: number;
  readonly socketPath: string;
  /** Stands in the command lines of all processes of the sandbox. */
  readonly sandboxPath: string;
  /** Stands in the command line of the one of them that cleans up when the shim is killed. */
  readonly guardName: string;
}

const FILE_NAME = 'kata-sandbox.json';

export function writeSandboxRecord(bundlePath: string, record: SandboxRecord): void {
  writeFileSync(join(bundlePath, FILE_NAME), JSON.stringify(record));
}

/** Undefined when there is none. */
export function readSandboxRecord(bundlePath: string): SandboxRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(bundlePath, FILE_NAME), 'utf8')) as SandboxRecord;
  } catch {
    return undefined;
  }
}
