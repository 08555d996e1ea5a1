/**
 * Creates the collector of this node from the settings. The response of /metrics and the API share it.
 */
import type { CountersReader } from '../../cloud-hypervisor/index.ts';
import type { PacedWork } from '../../program/index.ts';
import { FamilySelection, toSandboxRules } from '../../sandbox-policy/index.ts';
import type { Discovery } from '../../sandboxes/index.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { ShimClient } from '../../shim-client/index.ts';
import { SandboxCollector } from './collect-sandboxes.ts';
import { toScrapeLimits } from './scrape-limits.ts';

export interface CollectorParts {
  readonly settings: MonitorSettings;
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  /** Runs the processing of the bytes of sandboxes. */
  readonly work: PacedWork;
  /** Default: counters of hypervisors are not read. */
  readonly hypervisorCounters?: CountersReader | undefined;
}

export function createCollector({
  settings,
  discovery,
  shimClient,
  work,
  hypervisorCounters,
}: CollectorParts): SandboxCollector {
  return new SandboxCollector({
    client: shimClient,
    work,
    hypervisorCounters,
    listSandboxes: (signal) => discovery.refresh(signal),
    maxBodyBytes: settings.maxBodyBytes,
    ...toScrapeLimits(settings),
    rules: toSandboxRules(settings),
    selection: new FamilySelection(settings),
  });
}
