/**
 * The real kata-monitor as a process that a bench measures, over one root, on a port that the kernel chooses.
 */
import { join } from 'node:path';
import { pickUrl } from '../test/support/run-program.ts';
import { ProcessUnderTest } from './process-under-test.ts';

/** As in a checkout, and as it is published, which `npm run build` makes. */
const scripts = { source: '../src/bin/kata-monitor.ts', built: '../dist/bin/kata-monitor.js' } as const;

export interface MonitorUnderTest {
  readonly process: ProcessUnderTest;
  /** Of /metrics. */
  readonly url: string;
}

export interface MonitorStart {
  /** Flags beside the root and the address. */
  readonly flags?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** As in `ProcessStart`. */
  readonly shellCommand?: string | undefined;
  /** Default: source. */
  readonly program?: keyof typeof scripts;
  /** The folder of the program, instead of `program`. */
  readonly binPath?: string | undefined;
}

export async function startMonitor(
  root: string,
  { flags = [], nodeOptions = [], program = 'source', binPath, shellCommand }: MonitorStart = {},
): Promise<MonitorUnderTest> {
  const args = ['--listen-address=127.0.0.1:0', '--log-format=json', `--sandboxes-root=${root}`, ...flags];
  const script = binPath === undefined ? join(import.meta.dirname, scripts[program]) : join(binPath, 'kata-monitor.js');
  const process = await ProcessUnderTest.start(script, args, {
    ready: 'Listening',
    nodeOptions,
    shellCommand,
  });
  return { process, url: `${pickUrl(process.readyLine)}/metrics` };
}
