/**
 * Runs kata-metrics. Its version needs no option table, so it is printed before one is loaded.
 */
import type { CliProgram } from './cli-program.ts';

const versionWords: readonly (string | undefined)[] = ['version', '--version', '-version'];

/** Returns the exit code; resolves when the command is done. */
export async function runCliProgram(args: readonly string[], program: CliProgram): Promise<number> {
  process.stdout.on('error', endWithoutOutput);
  if (versionWords.includes(args[0])) {
    process.stdout.write(`kata-metrics ${program.version}\n`);
    return 0;
  }
  const { runCommandLine } = await import('./program.ts');
  return runCommandLine(args, program);
}

/**
 * `kata-metrics get … | head` is not a failure: the reader has closed the pipe, or the terminal is gone. On a full disk, the
 * output is not complete.
 */
function endWithoutOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO') {
    return;
  }
  process.stderr.write(`kata-metrics: Cannot write the output: ${error.message}\n`);
  process.once('exit', (code) => {
    process.exitCode = code || 1;
  });
}
