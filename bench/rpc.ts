/**
 * How long one GetMetrics call to the real agent takes over a unix socket, the agent being its own process.
 * Called by the bench report.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentService } from '../src/proto/index.ts';
import { TtrpcClient } from '../src/ttrpc/index.ts';
import { ProcessUnderTest } from './process-under-test.ts';

/** Calls before measuring, until both sides are compiled. */
const WARM_UP_CALLS = 500;

const agentScript = join(import.meta.dirname, '../src/bin/kata-agent.ts');

export interface RpcResult {
  readonly meanMs: number;
  readonly p99Ms: number;
  /** Of the last response. */
  readonly answerBytes: number;
}

/** Makes `calls` calls one after the other over one connection. */
export async function measureRpc({ calls }: { calls: number }): Promise<RpcResult> {
  const folder = mkdtempSync(join(tmpdir(), 'kb-'));
  const socketPath = join(folder, 'agent.sock');
  const agent = await ProcessUnderTest.start(agentScript, ['--listen', `unix://${socketPath}`], { ready: 'Listening' });
  try {
    const client = new TtrpcClient(connect(socketPath));
    const getMetrics = () => client.unary(AgentService.method.getMetrics, {}, { timeoutMs: 3000 });
    await measureDurations(WARM_UP_CALLS, getMetrics);
    const durationsMs = await measureDurations(calls, getMetrics);
    const { metrics } = await getMetrics();
    client.close();
    return { ...summarize(durationsMs), answerBytes: metrics.length };
  } finally {
    await agent.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Makes `count` calls one after the other. */
export async function measureDurations(count: number, call: () => Promise<unknown>): Promise<Float64Array> {
  const durationsMs = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await call();
    durationsMs[index] = performance.now() - started;
  }
  return durationsMs;
}

export function summarize(durationsMs: Float64Array): Omit<RpcResult, 'answerBytes'> {
  const sorted = durationsMs.toSorted();
  const meanMs = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { meanMs, p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1]! };
}
