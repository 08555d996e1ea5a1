/**
 * The list of all collectors of the monitor's own families. The merge determines the order in the response.
 */
import {
  type CatalogFamily,
  type Collector,
  collectFamilies,
  collectGoRuntime,
  collectNodeRuntime,
  collectOwnProcess,
  family,
  type RuntimeObserver,
  readPageSizeBytes,
  startRuntimeObserver,
} from '../../collectors/index.ts';
import { createProcfs, type Procfs, SkippedLines } from '../../procfs/index.ts';
import type { Log } from './log.ts';
import type { OwnMetrics } from './own-metrics.ts';
import type { Pods } from './pods.ts';
import type { SandboxEvents } from './sandbox-events.ts';

export interface OwnFamiliesOptions {
  readonly ownMetrics: OwnMetrics;
  readonly pods: Pick<Pods, 'collectOwn'>;
  readonly events: Pick<SandboxEvents, 'collect'>;
  /** Version of the package. */
  readonly version: string;
  /** Whether to export `kata_monitor_go_*` families, for dashboards that query them. */
  readonly hasGoFamilies: boolean;
  /** Further families, such as those of a part that is not always there. */
  readonly collectMore?: () => CatalogFamily[];
  readonly log: Log;
}

interface OwnContext
  extends Required<Pick<OwnFamiliesOptions, 'collectMore' | 'events' | 'ownMetrics' | 'pods' | 'version'>> {
  readonly prefix: 'kata_monitor_';
  readonly procfs: Procfs;
  readonly pageSizeBytes: number | undefined;
  readonly runtime: RuntimeObserver;
}

const ownCollectors: readonly Collector<OwnContext>[] = [
  { name: 'own-metrics', collect: ({ ownMetrics }) => ownMetrics.collect() },
  { name: 'sandbox-starts', collect: async ({ events }) => events.collect() },
  { name: 'container-manager', collect: ({ pods }) => pods.collectOwn() },
  { name: 'build-info', collect: collectBuildInfo },
  { name: 'more', collect: ({ collectMore }) => collectMore() },
  { name: 'own-process', collect: collectOwnProcess },
  { name: 'node-runtime', collect: collectNodeRuntime },
];

const goCollectors: readonly Collector<OwnContext>[] = [{ name: 'go-runtime', collect: collectGoRuntime }];

export interface OwnFamilies {
  /** Collects the current families. Families that cannot be read are omitted and logged at debug level. */
  collect(): Promise<readonly CatalogFamily[]>;
  /** Stops counting garbage collections. */
  close(): void;
}

/** Starts the observation of the runtime. */
export function startOwnFamilies({
  ownMetrics,
  pods,
  events,
  version,
  hasGoFamilies,
  log,
  collectMore = () => [],
}: OwnFamiliesOptions): OwnFamilies {
  const runtime = startRuntimeObserver();
  const collectors = hasGoFamilies ? [...ownCollectors, ...goCollectors] : ownCollectors;
  const context: OwnContext = {
    collectMore,
    ownMetrics,
    pods,
    events,
    version,
    prefix: 'kata_monitor_',
    procfs: createProcfs('/proc', new SkippedLines((message) => log.warn(message))),
    pageSizeBytes: readPageSizeBytes(),
    runtime,
  };
  return {
    collect: async () => {
      const { families, problems } = await collectFamilies(collectors, context);
      for (const problem of problems) {
        log.debug(problem, 'Cannot collect own families');
      }
      return families;
    },
    close: () => runtime.stop(),
  };
}

async function collectBuildInfo({ version }: OwnContext): Promise<CatalogFamily[]> {
  return [family('kata_monitor_build_info', [{ labels: { version, nodejs: process.version }, value: 1 }])];
}
