/**
 * Starts an agent: its services on an address. Called by the program and by tests. Never ends the process.
 */
import { readPageSizeBytes } from '../collectors/index.ts';
import {
  type CgroupHierarchy,
  createProcfs,
  findCgroupHierarchy,
  keepOpen,
  readMountinfo,
  SkippedLines,
} from '../procfs/index.ts';
import { type Address, type Listener, listen } from '../transport/index.ts';
import type { CoreServer } from '../ttrpc/core.ts';
import { createAgentServer } from './agent-services.ts';
import { ContainerFinder } from './containers/find-container.ts';
import { OomEvents } from './containers/oom-events.ts';
import { createStatsContainer } from './containers/stats-container.ts';
import { createGuestCollectors } from './guest-collectors.ts';

export interface AgentOptions {
  readonly listen: Address;
  /** Address of the calls of a runtime; undefined: none are served. */
  readonly runtimeListen?: Address;
  readonly version: string;
  /** Default: `/proc`. */
  readonly procRoot?: string;
  /** Default: the machine's. */
  readonly pageSizeBytes?: number;
  /** Paths of cgroups by the ids of containers; the cgroups of others are found by their id. */
  readonly containers?: ReadonlyMap<string, string>;
  /** Default: the mounted hierarchies, by /proc/self/mountinfo. */
  readonly cgroups?: CgroupHierarchy;
  /** Called for collectors that failed, and calls that failed. Default: nothing is reported. */
  readonly onDebug?: (message: string) => void;
  /** Gets one message for each file of /proc or of cgroups that cannot be read in whole. Default: nothing is reported. */
  readonly onSkipped?: (message: string) => void;
}

export interface RunningAgent {
  readonly address: Address;
  /** Lets calls under way finish for a moment, then removes the socket. Can be called again. */
  close(): Promise<void>;
}

const RUNTIME_CONCURRENT_CALLS = 1024;
const CLOSE_GRACE_MS = 1_000;

/** @throws {TransportError} when the address cannot be listened on. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { onDebug = () => undefined, onSkipped = () => undefined } = options;
  const skipped = new SkippedLines(onSkipped);
  const procfs = keepOpen(createProcfs(options.procRoot, skipped));
  const hierarchy = options.cgroups ?? findCgroupHierarchy((await readMountinfo(procfs, 'self')) ?? []);
  const cgroups = new Map(options.containers);
  const finder = hierarchy && new ContainerFinder(hierarchy, cgroups);
  const oomEvents = new OomEvents({ hierarchy, finder });
  const server = createAgentServer({
    collectors: createGuestCollectors(hierarchy && finder && { hierarchy, finder }),
    context: {
      procfs,
      pageSizeBytes: options.pageSizeBytes ?? readPageSizeBytes(),
    },
    version: options.version,
    skipped,
    statsContainer: createStatsContainer({ procfs, hierarchy, finder }),
    nextOomEvent: (signal) => oomEvents.next(signal),
    // Each process of a container has three calls under way all the time.
    ...(options.runtimeListen && { maxConcurrentCalls: RUNTIME_CONCURRENT_CALLS }),
    onDebug,
  });
  const listener = await listen(options.listen, (stream) => server.accept(stream));
  const runtimeListener =
    options.runtimeListen &&
    (await serveRuntime(server, options.runtimeListen, { cgroups, reportOom: () => oomEvents.flush() }));
  return {
    address: listener.address,
    close: async () => {
      await server.shutdown({ graceMs: CLOSE_GRACE_MS });
      await Promise.all([listener.close(), runtimeListener?.close()]);
      procfs.descriptors?.close();
    },
  };
}

/** Apart from the other address: output of containers must not hold up a scrape. */
async function serveRuntime(
  server: CoreServer,
  address: Address,
  options: { readonly cgroups: Map<string, string>; readonly reportOom: () => Promise<void> },
): Promise<Listener> {
  const { addContainerService } = await import('./containers/container-service.ts');
  await addContainerService(server, options);
  return listen(address, (stream) => server.accept(stream));
}
