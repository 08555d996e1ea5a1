/**
 * Starts an agent: its services on an address. Called by the program and by tests; ends nothing but itself.
 */
import { readPageSizeBytes } from '../collectors/index.ts';
import {
  type CgroupHierarchy,
  createProcfs,
  findCgroupHierarchy,
  type Procfs,
  readMountinfo,
} from '../procfs/index.ts';
import { type Address, listen } from '../transport/index.ts';
import { createAgentServer } from './agent-services.ts';
import { ContainerFinder } from './containers/find-container.ts';
import { OomEvents } from './containers/oom-events.ts';
import { createStatsContainer } from './containers/stats-container.ts';
import { createGuestCollectors } from './guest-collectors.ts';

export interface AgentOptions {
  readonly listen: Address;
  readonly version: string;
  /** Default: `/proc`. */
  readonly procRoot?: string;
  /** Default: the machine's. */
  readonly pageSizeBytes?: number;
  /** Paths of cgroups by the ids of containers; the cgroups of others are found by their id. */
  readonly containers?: ReadonlyMap<string, string>;
  /** Default: what is mounted, by /proc/self/mountinfo. */
  readonly cgroups?: CgroupHierarchy;
  /** Told of what could not be read. Default: nobody. */
  readonly onDebug?: (message: string) => void;
}

export interface RunningAgent {
  readonly address: Address;
  /** Lets calls under way finish for a moment, then removes the socket. Can be called again. */
  close(): Promise<void>;
}

const CLOSE_GRACE_MS = 1_000;

/** Rejects with a TransportError when the address cannot be listened on. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { onDebug = () => undefined } = options;
  const procfs = createProcfs(options.procRoot);
  const hierarchy = options.cgroups ?? (await findCgroups(procfs, onDebug));
  const finder = hierarchy && new ContainerFinder(hierarchy, options.containers ?? new Map());
  const oomEvents = new OomEvents({ hierarchy, finder });
  const server = createAgentServer({
    collectors: createGuestCollectors(),
    context: {
      procfs,
      pageSizeBytes: options.pageSizeBytes ?? readPageSizeBytes(),
    },
    version: options.version,
    statsContainer: createStatsContainer({ procfs, hierarchy, finder }),
    nextOomEvent: (signal) => oomEvents.next(signal),
    onDebug,
  });
  const listener = await listen(options.listen, (stream) => server.accept(stream));
  return {
    address: listener.address,
    close: async () => {
      await server.shutdown({ graceMs: CLOSE_GRACE_MS });
      await listener.close();
    },
  };
}

/** Undefined where there are none, or where they cannot be looked for; all else is served without them. */
async function findCgroups(procfs: Procfs, onDebug: (message: string) => void): Promise<CgroupHierarchy | undefined> {
  try {
    return findCgroupHierarchy((await readMountinfo(procfs, 'self')) ?? []);
  } catch (error) {
    onDebug(`Cannot find cgroups: ${String(error)}`);
    return undefined;
  }
}
