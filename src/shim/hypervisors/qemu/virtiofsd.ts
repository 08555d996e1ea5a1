/**
 * virtiofsd: the process on the host that serves one directory to a guest. Started before the hypervisor, which connects
 * to it; ends when that connection does.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeEnd } from '../../processes/child-group.ts';
import { type HostProgram, startHostProgram } from '../../processes/host-program.ts';

export interface VirtiofsdOptions {
  readonly program: string;
  readonly sharedPath: string;
  /** Path of the socket that virtiofsd creates, and removes when it ends. */
  readonly socketPath: string;
  readonly signal?: AbortSignal;
  /** Called with its PID before it runs. */
  readonly beforeItRuns?: (pid: number) => void;
}

/** Paths of distributions: Debian 12 installs it with QEMU, later releases as a separate package. */
const PROGRAM_PATHS: readonly string[] = ['/usr/libexec/virtiofsd', '/usr/lib/qemu/virtiofsd'];

/** As long as QEMU has for its monitor: on a machine that boots many pods at once, seconds are not enough. Its end is noticed before. */
const START_TIMEOUT_MS = 15_000;
/** Interval for polling the socket: there is no other notification. */
const LOOK_MS = 10;

/** @throws {Error} that names where it was looked for. */
export function findVirtiofsd(): string {
  const found = PROGRAM_PATHS.find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`Cannot share a directory: found no virtiofsd at ${PROGRAM_PATHS.join(' or ')}`);
  }
  return found;
}

/**
 * Resolves when it accepts connections.
 * @throws {Error} with its error output when it exits before.
 */
export async function startVirtiofsd({
  program,
  sharedPath,
  socketPath,
  beforeItRuns,
}: VirtiofsdOptions): Promise<HostProgram> {
  const args = [
    `--socket-path=${socketPath}`,
    ...['-o', `source=${sharedPath}`],
    // Not "namespace": that one forks, and the process that does the work is another than the one we know.
    ...['-o', 'sandbox=chroot'],
  ];
  const virtiofsd = await startHostProgram({ command: program, args, ...(beforeItRuns && { beforeItRuns }) });
  const waiting = new AbortController();
  try {
    await Promise.race([
      virtiofsd.ended.then((end) => {
        throw new Error(`Cannot share "${sharedPath}": virtiofsd ${describeEnd(end)}: ${virtiofsd.errorText()}`);
      }),
      waitForSocket(socketPath, waiting.signal),
    ]);
    return virtiofsd;
  } catch (error) {
    virtiofsd.kill('SIGKILL');
    throw error;
  } finally {
    waiting.abort();
  }
}

async function waitForSocket(path: string, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!existsSync(path)) {
    if (signal.aborted) {
      return;
    }
    if (performance.now() > deadlineMs) {
      throw new Error(`Cannot share a directory: virtiofsd created no socket "${path}" within ${START_TIMEOUT_MS} ms`);
    }
    await sleep(LOOK_MS);
  }
}
