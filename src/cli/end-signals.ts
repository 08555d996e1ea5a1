/**
 * The signals that end a command that runs until it is interrupted, as one AbortSignal.
 */

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP, and when the output can no longer be written: the reader has closed the pipe, the
 * terminal is gone, or the disk is full. Later signals have no effect: under npm one Ctrl-C arrives twice, from the
 * terminal and from npm, and the second must not interrupt the clean-up. The handlers stay until the process exits.
 */
export function abortOnEndSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort());
  }
  process.stdout.once('close', () => controller.abort());
  return controller;
}
