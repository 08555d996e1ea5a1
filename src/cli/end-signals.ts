/**
 * The signals that end `up`, as one AbortSignal.
 */

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP. Later signals have no effect: under npm one Ctrl-C arrives twice, from the
 * terminal and from npm, and the second must not interrupt the clean-up. The handlers stay until the process exits.
 */
export function abortOnEndSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller;
}
