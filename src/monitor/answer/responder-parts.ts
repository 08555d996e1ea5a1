/**
 * The parts of the monitor that the response of /metrics needs, for its responder and for those that create one.
 */
import type { CatalogFamily } from '../../collectors/index.ts';
import type { PacedWork } from '../../program/index.ts';
import type { Discovery } from '../../sandboxes/index.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { EndedSandboxes } from '../ended/ended-sandboxes.ts';
import type { SandboxCollector } from '../scrape/collect-sandboxes.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import type { Log } from './log.ts';
import type { RespondsExporters } from './metrics-responder.ts';
import type { Pods } from './pods.ts';
import type { SandboxStates } from './sandbox-states.ts';

/** The parts of the monitor that the response of /metrics needs. */
export interface ResponderParts {
  readonly settings: MonitorSettings;
  readonly discovery: Discovery;
  /** Shared with the API. */
  readonly collector: SandboxCollector;
  /** Runs the processing of the bytes of sandboxes. */
  readonly work: PacedWork;
  readonly states: SandboxStates;
  /** The pods of the sandboxes, from the container manager. */
  readonly pods: Pods;
  /** Undefined when no exporters in the guests are configured. */
  readonly exporters?: RespondsExporters | undefined;
  /** Collects the families of the monitor itself. */
  readonly collectOwn: () => Promise<readonly CatalogFamily[]>;
  readonly ended: EndedSandboxes | undefined;
  /** Called with the results of each scrape of the whole node, and the time that it took. */
  readonly onResults: (results: readonly SandboxResult[], durationMs: number) => void;
  readonly log: Log;
}
