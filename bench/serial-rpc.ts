/**
 * How long calls to the real agent take over virtio-serial, the guest being a virtual machine whose CPU QEMU emulates.
 * Called by the bench report.
 */
import { AgentService, Health } from '../src/proto/index.ts';
import { dial } from '../src/transport/index.ts';
import { TtrpcClient } from '../src/ttrpc/index.ts';
import { runInGuest } from '../test/support/guest-run.ts';
import { provideGuest } from '../test/support/provide-guest.ts';
import { measureDurations, type RpcResult, summarize } from './rpc.ts';

/** Until both sides are compiled. */
const WARM_UP_CALLS = 50;
/** For a guest that boots on a busy machine. */
const BOOT_TIMEOUT_MS = 90_000;
const CALL_TIMEOUT_MS = 10_000;

export interface SerialRpcResult extends RpcResult {
  /** From QEMU's start to the first response. */
  readonly bootMs: number;
  /** Of a call that requests nothing: the line and ttrpc alone. */
  readonly checkMeanMs: number;
}

/** Makes `calls` calls of each kind one after the other over one connection. Builds the guest if there is none. */
export async function measureSerialRpc({ calls }: { calls: number }): Promise<SerialRpcResult> {
  const image = await provideGuest();
  const startedMs = performance.now();
  const guest = await runInGuest(image);
  try {
    await guest.waitForSocket();
    const address = { kind: 'serial+unix', path: guest.portSocketPath } as const;
    const client = new TtrpcClient(await dial(address, { timeoutMs: BOOT_TIMEOUT_MS }));
    const check = () => client.unary(Health.method.check, {}, { timeoutMs: CALL_TIMEOUT_MS });
    const getMetrics = () => client.unary(AgentService.method.getMetrics, {}, { timeoutMs: CALL_TIMEOUT_MS });
    await check();
    const bootMs = performance.now() - startedMs;
    await measureDurations(WARM_UP_CALLS, getMetrics);
    const checkMeanMs = summarize(await measureDurations(calls, check)).meanMs;
    const durationsMs = await measureDurations(calls, getMetrics);
    const { metrics } = await getMetrics();
    client.close();
    return { ...summarize(durationsMs), answerBytes: metrics.length, bootMs, checkMeanMs };
  } finally {
    await guest.stop();
  }
}
