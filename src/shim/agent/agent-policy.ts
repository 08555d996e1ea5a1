/**
 * What the guest may expose through the shim, and how much. The guest is hostile: its text is checked against every limit
 * here before any byte of it is forwarded.
 */
import { agentRenames } from '../../catalog/index.ts';
import type { CheckPolicy } from '../../exposition/index.ts';
import { reservedLabels } from '../../sandbox-policy/index.ts';

/**
 * Real agents send 30 to 60 KB. A guest with 256 CPUs and many disks stays below 1 MB. The monitor accepts 4 MiB of a
 * sandbox: the rest is for the host's metrics, which a guest must not displace, and for the prefixes and TYPE lines that the
 * shim adds. The limits of samples and families are below the monitor's for the same reason.
 */
const MAX_AGENT_BYTES = 3 * 1024 * 1024;

/** About 350 samples are usual, 11 more for each CPU, 17 for each disk and 16 for each interface. */
const MAX_AGENT_SAMPLES = 19_000;

/** Our own agent has 30, and upstream's with the families of its process 60. */
const MAX_AGENT_FAMILIES = 1500;

/** The name of a family without a TYPE line is written up to three times; the longest real name has 56 bytes. */
const MAX_NAME_BYTES = 256;
const MAX_HELP_BYTES = 1024;

/** Mount points are the longest label values; PATH_MAX is 4096, and no real mount point is near it. */
const MAX_LABEL_VALUE_BYTES = 1024;

/** Our own families have at most 3. */
const MAX_LABELS = 10;

export const agentPolicy: CheckPolicy = {
  allowedPrefixes: ['kata_agent_', 'kata_guest_'],
  renames: agentRenames,
  reservedLabels,
  maxBytes: MAX_AGENT_BYTES,
  maxSamples: MAX_AGENT_SAMPLES,
  maxFamilies: MAX_AGENT_FAMILIES,
  maxNameBytes: MAX_NAME_BYTES,
  maxHelpBytes: MAX_HELP_BYTES,
  maxLabelValueBytes: MAX_LABEL_VALUE_BYTES,
  maxLabels: MAX_LABELS,
};
