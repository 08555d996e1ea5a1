/**
 * Runs crun, the program that creates containers, once for each step. No process of it remains. Called by the container
 * service of the agent. Source: crun(1).
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { leaveToNode } from './child-reaper.ts';

export interface CrunOptions {
  /** A path. */
  readonly program: string;
  /** A directory for the state of containers and for files of a run. */
  readonly statePath: string;
}

export interface CrunRunOptions {
  /** File descriptors that the container's process inherits; default: none. */
  readonly stdio?: readonly [number, number, number];
  /** Adjustment of the OOM score of the container's process, see proc_pid_oom_score_adj(5). Default: 0. */
  readonly oomScoreAdj?: bigint;
}

/**
 * crun sets the score that it reads unless it is 0. Then its own would be inherited, which is the agent's: with that no process
 * of a container that has reached its memory limit can be killed, and the container stands still for ever.
 */
const WITH_OOM_SCORE = 'echo "$1" >/proc/self/oom_score_adj; shift; exec "$@"';

/** Longest text of an error that is passed on. */
const MAX_ERROR_CHARS = 1_000;

export class Crun {
  readonly #options: CrunOptions;
  #runs = 0;

  constructor(options: CrunOptions) {
    this.#options = options;
  }

  /** A path for a file that belongs to one run. */
  newPath(suffix: string): string {
    this.#runs += 1;
    return join(this.#options.statePath, `${this.#runs}.${suffix}`);
  }

  /**
   * Runs it to its end.
   * @throws {TtrpcError} that has the message of crun.
   */
  async run(args: readonly string[], { stdio, oomScoreAdj = 0n }: CrunRunOptions = {}): Promise<void> {
    const { program, statePath } = this.#options;
    // With descriptors of the container, its own messages would end up in the container's output.
    const logPath = this.newPath('log');
    const options: SpawnOptions = {
      stdio: stdio === undefined ? 'ignore' : [...stdio],
      env: { PATH: '/bin', XDG_RUNTIME_DIR: statePath },
    };
    const command = [program, '--root', join(statePath, 'crun'), '--log', logPath, ...args];
    const child = spawn('/bin/sh', ['-c', WITH_OOM_SCORE, 'sh', String(oomScoreAdj), ...command], options);
    leaveToNode(child);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const log = await readFile(logPath, 'utf8').catch(() => '');
    await rm(logPath, { force: true });
    if (code !== 0) {
      const text = cleanMessage(log) || `ended with ${signal ?? `code ${code}`}`;
      throw new TtrpcError(toCode(text), `crun ${args[0]}: ${text}`);
    }
  }
}

/** Returns the message as one line, without the time that crun writes before it. */
function cleanMessage(log: string): string {
  const lines = log.split('\n').map((line) => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '').trim());
  return lines
    .filter((line) => line !== '')
    .join('; ')
    .slice(0, MAX_ERROR_CHARS);
}

function toCode(text: string): Exclude<Code, 0> {
  return /No such file or directory|not found in \$PATH/.test(text) ? Code.notFound : Code.internal;
}
