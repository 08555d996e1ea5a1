/**
 * Runs in the guest in the agent's place: both sides of AF_VSOCK in one machine, by vsock_loopback. Writes a line of JSON
 * for each check, with what was seen and not what was expected, and then has to end by itself.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '../../../src/agent/index.ts';
import { AgentService } from '../../../src/proto/index.ts';
import { type Address, dial, type Listener, listen, TransportError } from '../../../src/transport/index.ts';
import { TtrpcClient } from '../../../src/ttrpc/index.ts';
import { ECHOES, IDLE_CONNECTIONS, IDLE_MS, RPC_CALLS, RPC_TIMEOUT_MS } from './vsock-checks.ts';

/** VMADDR_CID_LOCAL, VMADDR_CID_ANY, VMADDR_PORT_ANY of vsock(7). */
const LOOPBACK_CID = 1;
const ANY = 0xffff_ffff;
const AGENT_PORT = 1024;

const BIG_BYTES = 8 * 1024 * 1024;

const report = (check: string, seen: object): void => {
  process.stdout.write(`${JSON.stringify({ check, ...seen })}\n`);
};

const at = (port: number): Address => ({ kind: 'vsock', cid: LOOPBACK_CID, port });

async function callAgent(): Promise<void> {
  const agent = await startAgent({ listen: { kind: 'vsock', cid: ANY, port: AGENT_PORT }, version: '0.0.0' });
  const client = new TtrpcClient(await dial(at(AGENT_PORT)));
  const call = async (): Promise<{ durationMs: number; text: string }> => {
    const startMs = performance.now();
    const { metrics } = await client.unary(AgentService.method.getMetrics, {}, { timeoutMs: RPC_TIMEOUT_MS });
    return { durationMs: performance.now() - startMs, text: Buffer.from(metrics).toString() };
  };
  await call();
  const startMs = performance.now();
  let responses = 0;
  let maxMs = 0;
  for (let index = 0; index < RPC_CALLS; index++) {
    const response = await call();
    responses += response.text.includes('\nkata_guest_load{') ? 1 : 0;
    maxMs = Math.max(maxMs, response.durationMs);
  }
  report('calls', { responses, meanMs: (performance.now() - startMs) / RPC_CALLS, maxMs });
  client.close();
  await agent.close();
}

/** A listener on a port that the system chooses, and both ends of one connection to it. */
async function openPair(): Promise<{ listener: Listener; address: Address; client: Duplex; server: Duplex }> {
  const accepted = Promise.withResolvers<Duplex>();
  const listener = await listen({ kind: 'vsock', cid: ANY, port: ANY }, accepted.resolve);
  const address = { ...listener.address, cid: LOOPBACK_CID } as Address;
  const client = await dial(address);
  return { listener, address, client, server: await accepted.promise };
}

async function checkBackPressure(): Promise<void> {
  const { listener, client, server } = await openPair();
  const message = Buffer.alloc(BIG_BYTES, 'backpressure.');
  const pieceBytes = 32 * 1024;
  let writtenBytes = 0;
  let hasRoom = true;
  while (hasRoom && writtenBytes < BIG_BYTES) {
    hasRoom = client.write(message.subarray(writtenBytes, writtenBytes + pieceBytes));
    writtenBytes += pieceBytes;
    await nextTurn();
  }
  client.end(message.subarray(writtenBytes));
  const hash = createHash('sha256');
  for await (const chunk of server) {
    hash.update(chunk as Buffer);
    await nextTurn();
  }
  const isWhole = hash.digest('hex') === createHash('sha256').update(message).digest('hex');
  report('back-pressure', { writtenUnreadBytes: writtenBytes, isWhole });
  client.destroy();
  await listener.close();
}

async function checkHalfClose(): Promise<void> {
  const { listener, client, server } = await openPair();
  client.end('question');
  const question = await text(server);
  const isWritable = server.writable;
  server.end(Buffer.alloc(BIG_BYTES, 'a'));
  const response = await buffer(client);
  report('half-close', { question, isWritable, answerBytes: response.length });
  await listener.close();
}

async function checkIdleConnections(): Promise<void> {
  const listener = await listen({ kind: 'vsock', cid: ANY, port: ANY }, (stream) => {
    stream.write('.');
    stream.pipe(stream);
  });
  const connect = async (): Promise<Duplex> => {
    const stream = await dial({ ...listener.address, cid: LOOPBACK_CID } as Address);
    await readOnce(stream);
    return stream;
  };
  const busy = await connect();
  const threadsBefore = readStatus('Threads');
  const idle = await Promise.all(Array.from({ length: IDLE_CONNECTIONS }, connect));
  const cpuBefore = process.cpuUsage();
  const wakesBefore = readStatus('voluntary_ctxt_switches');
  await sleep(IDLE_MS);
  const { user, system } = process.cpuUsage(cpuBefore);
  const wakes = readStatus('voluntary_ctxt_switches') - wakesBefore;
  let echoes = 0;
  for (let index = 0; index < ECHOES; index++) {
    busy.write(`${index}`);
    echoes += (await readOnce(busy)) === `${index}` ? 1 : 0;
  }
  const newThreads = readStatus('Threads') - threadsBefore;
  const ended = Promise.all(idle.map((stream) => once(stream.resume(), 'end')));
  await Promise.all([listener.close(), ended]);
  for (const stream of [...idle, busy]) {
    stream.destroy();
  }
  report('idle', { echoes, newThreads, idleCpuMs: (user + system) / 1000, wakes });
}

async function readOnce(stream: Duplex): Promise<string> {
  const [chunk] = (await once(stream, 'data')) as [Buffer];
  return chunk.toString();
}

/** A number of /proc/self/status; wakes are those of the main thread. */
function readStatus(field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

const countDescriptors = (): number => readdirSync('/proc/self/fd').length;

const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'none',
    (error: unknown) => (error instanceof TransportError ? error.code : String(error)),
  );

async function checkFailures(): Promise<void> {
  const { listener, client, server } = await openPair();
  const ended = once(server.resume(), 'end');
  client.destroy();
  await ended;
  server.destroy();
  await codeOf(dial(at(9)));
  const descriptorsBefore = countDescriptors();
  const codes = {
    refusedPort: await codeOf(dial(at(9))),
    unknownMachine: await codeOf(dial({ kind: 'vsock', cid: 4242, port: AGENT_PORT })),
    takenPort: await codeOf(listen(listener.address, () => undefined)),
    aborted: await codeOf(dial(at(9), { signal: AbortSignal.abort() })),
  };
  await nextTurn();
  report('failures', { ...codes, newDescriptors: countDescriptors() - descriptorsBefore });
  await listener.close();
  report('closed', { refusedPort: await codeOf(dial({ ...listener.address, cid: LOOPBACK_CID } as Address)) });
}

for (const check of [checkFailures, checkHalfClose, checkBackPressure, checkIdleConnections, callAgent]) {
  await check();
}
report('done', {});
