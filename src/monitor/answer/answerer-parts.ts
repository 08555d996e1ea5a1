/**
 * What the answer of /metrics is made from.
 */
import type { CatalogFamily } from '../../collectors/index.ts';
import type { Discovery } from '../../sandboxes/index.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { ShimClient } from '../../shim-client/index.ts';
import type { Log } from './log.ts';
import type { Pods } from './pods.ts';

export interface AnswererParts {
  readonly settings: MonitorSettings;
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  /** What the container manager knows of the sandboxes. */
  readonly pods: Pods;
  /** The monitor's own families, read when called. */
  readonly collectOwn: () => Promise<readonly CatalogFamily[]>;
  readonly log: Log;
}
