/**
 * Reads the counters of the Cloud Hypervisor of each sandbox, if it has one: one request at a time for each, over a
 * connection that is closed afterwards, because Cloud Hypervisor accepts only ten. Its API blocks while the machine boots
 * or is changed, so the caller waits for a limited time, and a later response belongs to no scrape.
 */
import { findSocketFault, type Sandbox } from '../sandboxes/index.ts';
import { ShimClient } from '../shim-client/index.ts';
import { type ApiSocket, isThere, nameApiSocket } from './find-socket.ts';
import { CountersError, type DeviceCounters, parseCounters } from './parse-counters.ts';

export interface CountersReaderOptions {
  /** Time until the response must be complete. Default: 1 s. */
  readonly timeoutMs?: number;
  /** Gets why counters of a sandbox cannot be read, once until they can again. */
  readonly onProblem: (sandboxId: string, message: string) => void;
}

const DEFAULT_TIMEOUT_MS = 1_000;
/** A device has some 300 bytes. */
export const MAX_BODY_BYTES = 128 * 1024;
/** Scrapes in which the socket of a sandbox is looked for: it is there before the machine boots. */
const MAX_LOOKS = 20;

interface Known {
  readonly socket: ApiSocket;
  looks: number;
  isFound: boolean;
  isUnderWay: boolean;
  isReported: boolean;
}

/** Reads counters for the monitor, which has one reader for all sandboxes. */
export class CountersReader {
  readonly #options: CountersReaderOptions;
  readonly #client = new ShimClient({ maxIdleConnections: 0 });
  readonly #known = new Map<string, Known>();

  constructor(options: CountersReaderOptions) {
    this.#options = options;
  }

  /**
   * The counters of a sandbox, none where they cannot be read. Undefined for one without Cloud Hypervisor, and while an earlier
   * request waits. Never rejects.
   */
  read(sandbox: Sandbox): Promise<readonly DeviceCounters[]> | undefined {
    let known = this.#known.get(sandbox.id);
    if (known === undefined) {
      known = { socket: nameApiSocket(sandbox), looks: 0, isFound: false, isUnderWay: false, isReported: false };
      this.#known.set(sandbox.id, known);
    }
    if (!known.isFound && known.looks < MAX_LOOKS) {
      known.looks += 1;
      known.isFound = isThere(known.socket);
    }
    return known.isFound && !known.isUnderWay ? this.#request(sandbox, known) : undefined;
  }

  /** Forgets sandboxes that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) {
      if (!ids.has(id)) {
        this.#known.delete(id);
      }
    }
  }

  async #request(sandbox: Sandbox, known: Known): Promise<readonly DeviceCounters[]> {
    known.isUnderWay = true;
    try {
      const devices = await this.#get({ ...sandbox, ...known.socket });
      known.isReported = false;
      return devices;
    } catch (error) {
      if (!known.isReported) {
        known.isReported = true;
        const message = error instanceof Error ? error.message : String(error);
        this.#options.onProblem(sandbox.id, `Cannot read counters of Cloud Hypervisor: ${message}`);
      }
      return [];
    } finally {
      known.isUnderWay = false;
    }
  }

  /** @throws {CountersError} */
  async #get(socket: Sandbox): Promise<readonly DeviceCounters[]> {
    const fault = findSocketFault(socket);
    if (fault !== undefined) {
      throw new CountersError(`the socket of its API is not safe: ${fault}`);
    }
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const { socketPath } = socket;
    const response = await this.#client.get({
      socketPath,
      path: '/api/v1/vm.counters',
      timeoutMs,
      maxBytes: MAX_BODY_BYTES,
    });
    if (response.kind === 'failed') {
      throw new CountersError(response.message.replaceAll('shim', 'Cloud Hypervisor'));
    }
    return parseCounters(response.body.toString());
  }
}
