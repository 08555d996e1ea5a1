/**
 * What the guest may say through the shim, and how much of it. The guest is hostile: every bound here is one that its
 * text is held to before a byte of it is passed on.
 */
import type { CheckPolicy } from '../../exposition/index.ts';
import { reservedLabels } from '../../sandbox-policy/index.ts';

/**
 * Real agents send 30 to 60 KB. A guest with 256 CPUs and many disks stays below 1 MB; four times that is still small
 * against what one sandbox may cost the node monitor. The ttrpc message itself is bounded by 4 MiB.
 */
const MAX_AGENT_BYTES = 4 * 1024 * 1024;

/** About 350 samples are usual, 11 more for each CPU, 17 for each disk and 16 for each interface. */
const MAX_AGENT_SAMPLES = 20_000;

/** Mount points are the longest labels; PATH_MAX is 4096, and no real one is near it. */
const MAX_LABEL_VALUE_BYTES = 1024;

/** Our own families have at most 3. */
const MAX_LABELS = 10;

/** Upstream agents of before 2022 sent their process families bare. */
export const agentPolicy: CheckPolicy = {
  allowedPrefixes: ['kata_agent_', 'kata_guest_'],
  renames: [
    { startsWith: 'process_', prefix: 'kata_agent_' },
    { startsWith: 'go_', prefix: 'kata_agent_' },
  ],
  reservedLabels,
  maxBytes: MAX_AGENT_BYTES,
  maxSamples: MAX_AGENT_SAMPLES,
  maxLabelValueBytes: MAX_LABEL_VALUE_BYTES,
  maxLabels: MAX_LABELS,
};
