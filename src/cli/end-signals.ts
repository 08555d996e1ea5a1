/**
 * The signals that end `up`, as one AbortSignal.
 */

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP. Later ones change nothing: under npm one Ctrl-C comes twice, from the
 * terminal and from npm, and the second must not cut the clean-up short. For the rest of the process's life.
 */
export function abortOnEndSignals(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => controller.abort());
  }
  return controller;
}
