/**
 * A shim whose agent is hostile, broken, old or gone: the host's metrics are always served, within the time, and what
 * the agent may not say does not get through.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scan } from '../../src/exposition/index.ts';
import { createJsonLog } from '../../src/program/index.ts';
import { AgentService, Health, MetricsSchema, ServingStatus } from '../../src/proto/index.ts';
import { attachHypervisor, type RunningShim, startShim } from '../../src/shim/index.ts';
import { getFromShim } from '../../src/shim-client/index.ts';
import { parseAddress } from '../../src/transport/index.ts';
import { Code, TtrpcError, TtrpcServer } from '../../src/ttrpc/index.ts';
import { RawTtrpcPeer } from '../support/raw-ttrpc-peer.ts';

let folder: string;
let shim: RunningShim | undefined;
let agents: Server[];
let sockets: Set<Socket>;
let hypervisor: ChildProcess;

beforeAll(() => {
  hypervisor = spawn('sleep', ['1000']);
});

afterAll(() => {
  hypervisor.kill('SIGKILL');
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kata-'));
  agents = [];
  sockets = new Set();
});

afterEach(async () => {
  await shim?.close();
  shim = undefined;
  for (const socket of sockets) {
    socket.destroy();
  }
  await Promise.all(agents.map((agent) => new Promise((resolve) => agent.close(resolve))));
  await rm(folder, { recursive: true });
});

/** A listener where the agent should be; each connection is the test's. */
async function listenAsAgent(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  agents.push(server);
  await new Promise<void>((resolve) => server.listen(join(folder, 'agent.sock'), resolve));
  return server;
}

/** An agent that responds to GetMetrics as the test wants. Returns how often it was called. */
async function serveAgent(getMetrics: () => Promise<Uint8Array> | Uint8Array): Promise<() => number> {
  let calls = 0;
  const server = new TtrpcServer()
    .addService(AgentService, {
      getMetrics: async () => {
        calls += 1;
        return { metrics: await getMetrics() };
      },
    })
    .addService(Health, { check: () => ({ status: ServingStatus.SERVING }) });
  await listenAsAgent((socket) => server.accept(socket));
  return () => calls;
}

/** An agent that sends its text in a frame of any size, and refuses other calls. */
async function respondByHand(socket: Socket, getText: () => Buffer): Promise<void> {
  const peer = new RawTtrpcPeer(socket);
  while (!socket.destroyed) {
    const { streamId, request } = await peer.receiveRequest();
    const payload = toBinary(MetricsSchema, create(MetricsSchema, { metrics: getText() }));
    peer.sendResponse(
      streamId,
      request.method === 'GetMetrics' ? { payload } : { status: { code: Code.unimplemented, message: 'no' } },
    );
  }
}

/** In which a busy machine connects, so that it is the agent that is late. */
const SHORT_TIMEOUT_MS = 500;

async function startAttached(agentTimeoutMs = 5_000): Promise<void> {
  const agentAddress = parseAddress(`unix://${folder}/agent.sock`);
  shim = await startShim({
    sandboxId: 'one',
    root: folder,
    openHypervisor: (context) =>
      attachHypervisor({ hypervisorPid: hypervisor.pid ?? 0, virtiofsdPid: undefined, agentAddress }, context),
    agentTimeoutMs,
    hasGoFamilies: false,
    hasAllInterfaces: false,
    cgroup: { kind: 'none' },
    hasLastWords: false,
    containerIds: [],
    log: createJsonLog({ name: 'test', level: 'error' }),
  });
}

interface Scraped {
  readonly text: string;
  /** The lines that are of the agent, without comments. */
  readonly ofAgent: readonly string[];
  readonly refused: Readonly<Record<string, number>>;
}

/** Everything that is always so, whatever the agent does. */
async function scrape(): Promise<Scraped> {
  const socketPath = join(folder, 'one', 'shim-monitor.sock');
  const response = await getFromShim({ socketPath, path: '/metrics', timeoutMs: 20_000, maxBytes: 50_000_000 });
  expect(response).toMatchObject({ kind: 'ok', status: 200 });
  const body = response.kind === 'ok' ? response.body : Buffer.alloc(0);
  const text = body.toString();
  expect(scan(body).faults.described).toEqual([]);
  expect(text).toContain('\nkata_hypervisor_threads 1\n');
  expect(text).toMatch(/^kata_shim_threads \d+$/m);
  expect(text).toMatch(/^process_open_fds \d+$/m);
  const refused = text.matchAll(/^kata_shim_agent_refused_samples_total\{reason="(\w+)"\} (\d+)$/gm);
  return {
    text,
    ofAgent: text.split('\n').filter((line) => /^(kata_agent_|kata_guest_)/.test(line)),
    refused: Object.fromEntries(Array.from(refused, ([, reason, count]) => [reason, Number(count)])),
  };
}

async function expectFailure(reason: string): Promise<void> {
  const { text, ofAgent } = await scrape();
  expect(text).toContain('\nkata_shim_agent_up 0\n');
  expect(text).toContain(`\nkata_shim_agent_error{reason="${reason}"} 1\n`);
  expect(ofAgent).toEqual([]);
}

describe('a shim whose agent', () => {
  it('is not there', async () => {
    await startAttached();
    await expectFailure('connect');
    await expectFailure('connect');
  });

  it('never responds: within its share of the time', async () => {
    await serveAgent(() => new Promise(() => undefined));
    await startAttached(SHORT_TIMEOUT_MS);
    await expectFailure('deadline');
  });

  it('takes no connection: within its share of the time', async () => {
    await listenAsAgent(() => undefined);
    await startAttached(SHORT_TIMEOUT_MS);
    await expectFailure('deadline');
  });

  it('hangs up at once', async () => {
    await listenAsAgent((socket) => socket.destroy());
    await startAttached();
    await expectFailure('disconnected');
  });

  it('sends bytes that are no frames', async () => {
    await listenAsAgent((socket) => socket.on('data', () => socket.end(randomBytes(4096))));
    await startAttached(SHORT_TIMEOUT_MS);
    const { text } = await scrape();
    expect(text).toContain('\nkata_shim_agent_up 0\n');
    expect(text).toMatch(/^kata_shim_agent_error\{reason="(disconnected|invalid|deadline|too_large|internal)"\} 1$/m);
  });

  it.each([
    ['is too old', Code.unimplemented, 'unimplemented'],
    ['is too old and says so in its own way', Code.notFound, 'unimplemented'],
    ['must not speak', Code.permissionDenied, 'denied'],
  ])('%s: and is not requested again at each scrape', async (_, code, reason) => {
    const calls = await serveAgent(() => Promise.reject(new TtrpcError(code, 'no')));
    await startAttached();
    for (let scrapes = 0; scrapes < 3; scrapes++) {
      await expectFailure(reason);
    }
    expect(calls()).toBe(1);
  });

  it('fails within', async () => {
    const calls = await serveAgent(() => Promise.reject(new Error('a bug')));
    await startAttached();
    await expectFailure('internal');
    await expectFailure('internal');
    expect(calls()).toBe(2);
  });

  it('is slow: once the request waits for it, and later only for a moment', async () => {
    let delayMs = 600;
    await serveAgent(async () => {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return Buffer.from('kata_agent_threads 1\n');
    });
    await startAttached();
    expect((await scrape()).ofAgent).toEqual(['kata_agent_threads 1']);
    delayMs = 60_000;
    await expectFailure('slow');
    await expectFailure('slow');
  });

  it('sends 10,000 families: the first of them get through', async () => {
    await serveAgent(() => Buffer.from(Array.from({ length: 10_000 }, (_, n) => `kata_guest_f${n} 1\n`).join('')));
    await startAttached();
    const { ofAgent, refused } = await scrape();
    expect(ofAgent).toHaveLength(1500);
    expect(refused).toEqual({ too_many_families: 8500 });
  });

  it('sends more than a message may hold, as it says itself', async () => {
    await serveAgent(() => Buffer.alloc(5 * 1024 * 1024, 'kata_guest_load 1\n'));
    await startAttached();
    await expectFailure('too_large');
  });

  it('sends a frame that is larger than ttrpc allows: its first families get through, and the line is live', async () => {
    const lines = Array.from({ length: 9 }, (_, n) => `kata_guest_x${n}{a="${'v'.repeat(600_000)}"} 1\n`);
    let text = `kata_guest_load{item="load1"} 1\n${'# HELP kata_guest_x of no use\n'.repeat(200_000)}`;
    let connections = 0;
    await listenAsAgent((socket) => {
      connections += 1;
      respondByHand(socket, () => Buffer.from(text)).catch(() => undefined); // ends with the connection
    });
    await startAttached();
    const large = await scrape();
    expect(large.ofAgent).toEqual(['kata_guest_load{item="load1"} 1']);
    expect(large.text).toContain('\nkata_shim_agent_up 1\n');
    expect(large.text).toContain('\nkata_shim_agent_error{reason="too_large"} 1\n');
    text = lines.join('');
    await expectFailure('invalid');
    text = 'kata_guest_load{item="load1"} 2\n';
    expect((await scrape()).ofAgent).toEqual(['kata_guest_load{item="load1"} 2']);
    expect(connections).toBe(1);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', randomBytes(100_000)],
    ['a megabyte without a line feed', Buffer.alloc(1_000_000, 'a')],
    ['blanks and comments', Buffer.from('# HELP kata_guest_load x\n \n#\n')],
    ['only families of others', Buffer.from('kata_hypervisor_fds 1\nkata_monitor_running_shim_count 7\nup 1\n')],
  ])('sends %s', async (_, text) => {
    await serveAgent(() => text);
    await startAttached();
    await expectFailure('invalid');
  });

  it('lies: only what it may say gets through, the rest is counted', async () => {
    await serveAgent(() =>
      Buffer.from(`# TYPE kata_guest_load gauge
kata_guest_load{item="load1"} 0.5
kata_guest_load{item="load5",sandbox_id="another"} 9
kata_guest_load{item="load1"} 7
kata_guest_load{cri_name="x"} 1
# TYPE kata_shim_agent_up gauge
kata_shim_agent_up 1
kata_hypervisor_fds 0
kata_hypervisor_threads 5
# TYPE process_open_fds gauge
process_open_fds 3
# TYPE go_threads gauge
go_threads 4
# TYPE kata_guest_tasks gauge
kata_guest_tasks{item="${'x'.repeat(2000)}"} 1
kata_guest_tasks{item="cur"} 1
kata_guest_vm_stat{item="oops} 1
kata_agent_threads 3`),
    );
    await startAttached();
    const { text, ofAgent, refused } = await scrape();
    expect(ofAgent).toEqual([
      'kata_agent_go_threads 4',
      'kata_agent_process_open_fds 3',
      'kata_agent_threads 3',
      'kata_guest_load{item="load1"} 0.5',
      'kata_guest_tasks{item="cur"} 1',
    ]);
    expect(text).toContain('\nkata_shim_agent_up 1\n');
    expect(text).not.toContain('sandbox_id');
    expect(refused).toMatchObject({
      reserved_label: 2,
      duplicate_series: 1,
      forbidden_family: 3,
      label_value_too_long: 1,
      unterminated_label_value: 1,
    });
  });

  it('sends more samples than a guest can have: the first of them get through', async () => {
    const lines = Array.from({ length: 25_000 }, (_, n) => `kata_guest_vm_stat{item="n${n}"} ${n}\n`);
    await serveAgent(() => Buffer.from(lines.join('')));
    await startAttached();
    const { ofAgent, refused } = await scrape();
    expect(ofAgent).toHaveLength(19_000);
    expect(refused).toEqual({ too_many_samples: 6_000 });
  });

  it('comes back after a crash: it is found again by itself', async () => {
    await serveAgent(() => Buffer.from('kata_agent_threads 1\n'));
    await startAttached();
    expect((await scrape()).ofAgent).toEqual(['kata_agent_threads 1']);
    const [first] = agents;
    await new Promise((resolve) => {
      first?.close(resolve);
      for (const socket of sockets) {
        socket.destroy();
      }
    });
    await expectFailure('connect');
    await serveAgent(() => Buffer.from('kata_agent_threads 2\n'));
    let { ofAgent } = await scrape();
    while (ofAgent.length === 0) {
      ({ ofAgent } = await scrape());
    }
    expect(ofAgent).toEqual(['kata_agent_threads 2']);
  });

  it('has each of its calls in the histogram, failed ones too', async () => {
    await serveAgent(() => Promise.reject(new Error('a bug')));
    await startAttached();
    await scrape();
    const { text } = await scrape();
    const count = (action: string): string | undefined =>
      new RegExp(`_milliseconds_count\\{action="grpc.${action}"\\} (\\d+)`).exec(text)?.[1];
    expect([count('GetMetricsRequest'), count('CheckRequest'), count('GuestDetailsRequest')]).toEqual(['2', '1', '1']);
    expect(text).toContain('\n# TYPE kata_shim_rpc_durations_histogram_milliseconds histogram\n');
    expect(text).not.toContain('\nkata_shim_rpc_durations_histogram_milliseconds_count');
  });
});
