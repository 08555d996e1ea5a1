/**
 * Reads from a Node program, over its inspector, how much memory is in use after a full garbage collection. The program is started
 * with `heapProbeOption`, and says on standard error where its inspector listens.
 */
import { once } from 'node:events';

export const heapProbeOption = '--inspect=127.0.0.1:0';

export interface MemoryInUse {
  /** JavaScript objects, MiB. */
  readonly heapMiB: number;
  /** Memory of buffers, MiB. */
  readonly buffersMiB: number;
}

const measure = 'JSON.stringify((({ heapUsed, arrayBuffers }) => ({ heapUsed, arrayBuffers }))(process.memoryUsage()))';
const MIB = 2 ** 20;

export class HeapProbe {
  readonly #socket: WebSocket;
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** `printed`: what the program has said so far. */
  static async open(printed: readonly string[]): Promise<HeapProbe> {
    const url = printed.map((line) => /Debugger listening on (ws:\S+)/.exec(line)?.[1]).find((found) => found);
    if (url === undefined) {
      throw new Error('Cannot read the heap: the program has not printed where its inspector listens');
    }
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new HeapProbe(socket);
  }

  /** Collects garbage and measures what is left. */
  async measure(): Promise<MemoryInUse> {
    await this.#call('HeapProfiler.collectGarbage');
    const { result } = (await this.#call('Runtime.evaluate', { expression: measure })) as { result: { value: string } };
    const { heapUsed, arrayBuffers } = JSON.parse(result.value) as { heapUsed: number; arrayBuffers: number };
    return { heapMiB: heapUsed / MIB, buffersMiB: arrayBuffers / MIB };
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  async #call(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [event] = (await once(this.#socket, 'message')) as [{ readonly data: string }];
      const response = JSON.parse(event.data) as { id?: number; result?: unknown };
      if (response.id === id) {
        return response.result;
      }
    }
  }
}
