/**
 * Starts an agent: its services on an address. Called by the program and by tests; ends nothing but itself.
 */
import { readPageSizeBytes } from '../collectors/index.ts';
import { createProcfs } from '../procfs/index.ts';
import { type Address, listen } from '../transport/index.ts';
import { createAgentServer } from './agent-services.ts';
import { createGuestCollectors } from './guest-collectors.ts';

export interface AgentOptions {
  readonly listen: Address;
  readonly version: string;
  /** Default: `/proc`. */
  readonly procRoot?: string;
  /** Default: the machine's. */
  readonly pageSizeBytes?: number;
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
  const server = createAgentServer({
    collectors: createGuestCollectors(),
    context: {
      procfs: createProcfs(options.procRoot),
      pageSizeBytes: options.pageSizeBytes ?? readPageSizeBytes(),
    },
    version: options.version,
    onDebug: options.onDebug ?? (() => undefined),
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
