/**
 * Limits for one exporter in one scrape.
 */
export const exporterLimits = {
  /** node_exporter sends 60 to 200 KB, a DCGM exporter for 8 GPUs 100 KB. A message of ttrpc has at most 4 MiB. */
  maxBytes: 2 * 1024 * 1024,
  maxSamples: 10_000,
  /** Limit of the timeout that a shim may request; its own limit is the timeout of requests to the agent. */
  timeoutMs: 30_000,
} as const;
