/**
 * The real kata-monitor as a process that a bench measures, over one root, on a port that the kernel chooses.
 */
import { join } from 'node:path';
import { pickUrl } from '../test/support/run-program.ts';
import { ProcessUnderTest } from './process-under-test.ts';

const script = join(import.meta.dirname, '../src/bin/kata-monitor.ts');

export interface MonitorUnderTest {
  readonly process: ProcessUnderTest;
  /** Of /metrics. */
  readonly url: string;
}

export interface MonitorStart {
  /** Flags beside the root and the address. */
  readonly flags?: readonly string[];
  readonly nodeOptions?: readonly string[];
}

export async function startMonitor(
  root: string,
  { flags = [], nodeOptions = [] }: MonitorStart = {},
): Promise<MonitorUnderTest> {
  const args = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${root}`, ...flags];
  const process = await ProcessUnderTest.start(script, args, { ready: 'Listening', nodeOptions });
  return { process, url: `${pickUrl(process.readyLine)}/metrics` };
}
