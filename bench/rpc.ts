/**
 * How long one GetMetrics call takes over a unix socket, the server being another process.
 * Called by the bench report.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentService } from '../src/proto/index.ts';
import { TtrpcClient } from '../src/ttrpc/index.ts';

/** Calls before measuring, until both sides are compiled. */
const WARM_UP_CALLS = 500;

export interface RpcResult {
  readonly meanMs: number;
  readonly p99Ms: number;
}

/** Makes `calls` calls one after the other over one connection. */
export async function measureRpc({ calls }: { calls: number }): Promise<RpcResult> {
  const folderPath = mkdtempSync(join(tmpdir(), 'bench-rpc-'));
  const socketPath = join(folderPath, 'agent.sock');
  const server = spawn(process.execPath, [join(import.meta.dirname, 'rpc-server.ts'), socketPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  try {
    await Promise.race([once(server.stdout, 'data'), exited]);
    const client = new TtrpcClient(connect(socketPath));
    await measureCalls(client, WARM_UP_CALLS);
    const durationsMs = await measureCalls(client, calls);
    client.close();
    return summarize(durationsMs);
  } finally {
    server.stdin.end();
    await exited;
    rmSync(folderPath, { recursive: true });
  }
}

async function measureCalls(client: TtrpcClient, calls: number): Promise<Float64Array> {
  const durationsMs = new Float64Array(calls);
  for (let index = 0; index < calls; index++) {
    const started = performance.now();
    await client.unary(AgentService.method.getMetrics, {}, { timeoutMs: 3000 });
    durationsMs[index] = performance.now() - started;
  }
  return durationsMs;
}

function summarize(durationsMs: Float64Array): RpcResult {
  const sorted = durationsMs.toSorted();
  const meanMs = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { meanMs, p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1]! };
}
