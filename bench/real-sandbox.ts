/**
 * Real sandboxes for the benches of the whole path: a shim of the published package with its agent, and the scrapes.
 */
import { get } from 'node:http';
import { join } from 'node:path';
import { findDescendants, readCpuMs } from './process-meter.ts';
import { ProcessUnderTest } from './process-under-test.ts';
import { requestScrape } from './scrape-request.ts';

/** Without its agent a shim has 20,000 bytes to say, with it 60,000. */
const WHOLE_RESPONSE_BYTES = 40_000;

export const sumCpuMs = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + readCpuMs(pid), 0);

export async function drain(url: string): Promise<void> {
  for await (const _chunk of await requestScrape(url, { isGzip: true })) {
    // Nothing is kept.
  }
}

export function drainSocket(socketPath: string, onChunk: (chunk: Buffer) => void = () => undefined): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let bytes = 0;
  const request = get({ socketPath, path: '/metrics' }, (response) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      onChunk(chunk);
    });
    response.on('end', () => resolve(bytes));
  });
  request.on('error', reject);
  return promise;
}

export interface Sandbox {
  readonly shim: ProcessUnderTest;
  readonly startMs: number;
  readonly socketPath: string;
  /** In the guest, there is none here. */
  readonly agentPid: number;
  readonly hypervisorPid: number;
}

export interface SandboxStart {
  /** Default: process. */
  readonly hypervisor?: 'process' | 'qemu';
  /** The folder of the programs. Default: that of the published package. */
  readonly binPath?: string;
}

/** Resolves when the agent's metrics are in a response. */
export async function startSandbox(
  root: string,
  id: string,
  { hypervisor = 'process', binPath = join(import.meta.dirname, '../dist/bin') }: SandboxStart = {},
): Promise<Sandbox> {
  const startedMs = performance.now();
  const args = ['run', '--root', root, '--sandbox-id', id, '--hypervisor', hypervisor];
  const shim = await ProcessUnderTest.start(join(binPath, 'kata-shim.js'), args, { ready: 'Serving on' });
  const socketPath = join(root, id, 'shim-monitor.sock');
  while ((await drainSocket(socketPath)) < WHOLE_RESPONSE_BYTES) {
    // The agent is not there yet.
  }
  const startMs = performance.now() - startedMs;
  const isMachine = hypervisor === 'qemu';
  const [agentPid = 0] = isMachine ? [] : findDescendants(shim.pid, 'kata-agent.js\0');
  const [hypervisorPid = 0] = isMachine ? findDescendants(shim.pid, 'qemu-system-') : [];
  if (agentPid === 0 && hypervisorPid === 0) {
    throw new Error(`No agent or hypervisor of sandbox "${id}"`);
  }
  return { shim, startMs, socketPath, agentPid, hypervisorPid };
}
