/**
 * Runs busybox, which contains the tools of the guest, and waits for its exit. Arguments are passed unchanged, without a
 * shell unless one is requested by name.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { leaveToNode } from './child-reaper.ts';

const run = promisify(execFile);
const BUSYBOX_PATH = '/bin/busybox';
const TIMEOUT_MS = 30_000;
const MAX_ERROR_CHARS = 500;

/**
 * Returns the output.
 * @throws {TtrpcError} with the command and the output of busybox, if it fails.
 */
export async function runBusybox(...args: readonly [string, ...string[]]): Promise<string> {
  try {
    const running = run(BUSYBOX_PATH, args, { timeout: TIMEOUT_MS });
    leaveToNode(running.child);
    const { stdout } = await running;
    return stdout;
  } catch (error) {
    const { stderr = '', message = '' } = error as { stderr?: string; message?: string };
    const errorText = (stderr.trim() || message).slice(0, MAX_ERROR_CHARS);
    throw new TtrpcError(Code.internal, `Cannot run "${args.slice(0, 3).join(' ')}": ${errorText}`);
  }
}
