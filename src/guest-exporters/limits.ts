/**
 * What one exporter may send in one scrape.
 */
export const exporterLimits = {
  /** node_exporter sends 60 to 200 KB, a DCGM exporter for 8 GPUs 100 KB. A message of ttrpc has at most 4 MiB. */
  maxBytes: 2 * 1024 * 1024,
  maxSamples: 10_000,
  /** Time of the agent for one exporter; the shim waits for the agent a little longer. */
  timeoutMs: 2_000,
} as const;
