import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSchemaFaults } from '../../../test/support/api-schema.ts';
import { answerWithLength, type FakeAnswer, type FakeShim, startFakeShim } from '../../../test/support/fake-shim.ts';
import { waitUntil } from '../../../test/support/processes.ts';
import type { EventList, SandboxDetail, SandboxStatus, Snapshot } from '../../api/index.ts';
import { parseValue, readSampleLine, scan } from '../../exposition/index.ts';
import { parseOptions } from '../../options/index.ts';
import { monitorOptionTable, toMonitorSettings } from '../../settings/monitor.ts';
import { createLog } from '../answer/log.ts';
import { type RunningMonitor, startMonitor } from '../start-monitor.ts';

const bodiesPath = join(import.meta.dirname, '../../../test/fixtures/bodies');
const good = Buffer.concat([
  await readFile(join(bodiesPath, 'kata-shim.metrics.txt')),
  Buffer.from('# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1795403712.25\n'),
]);

let root: string;
let monitor: RunningMonitor;
let shims: FakeShim[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'api-'));
  shims = [];
});

afterEach(async () => {
  await monitor.close();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(root, { recursive: true });
});

async function addSandbox(id: string, response: FakeAnswer): Promise<FakeShim> {
  await mkdir(join(root, id));
  const shim = await startFakeShim(join(root, id, 'shim-monitor.sock'), response);
  shims.push(shim);
  return shim;
}

async function start(...args: string[]): Promise<void> {
  const parsed = parseOptions(monitorOptionTable, [
    `--sandboxes-root=${root}`,
    '--listen-address=127.0.0.1:0',
    `--runtime-endpoint=${join(root, 'none.sock')}`,
    ...args,
  ]);
  monitor = await startMonitor({
    settings: toMonitorSettings((parsed as Extract<typeof parsed, { kind: 'values' }>).values),
    version: '1.2.3',
    log: createLog({ level: 'panic', format: 'text' }),
  });
}

const get = (path: string, init?: RequestInit) => fetch(`${monitor.url}${path}`, init);
const getJson = async (path: string): Promise<unknown> => (await get(path)).json();
const sandboxes = async () => (await getJson('/api/v1/sandboxes')) as Snapshot;

/** The samples of /metrics, by name; of several series the sum. */
async function readMetrics(id: string): Promise<Map<string, number>> {
  const scanned = scan(Buffer.from(await (await get('/metrics')).arrayBuffer()));
  const sums = new Map<string, number>();
  for (const { from, to } of scanned.form.families.flatMap(({ segments }) => segments)) {
    for (let line = from; line < to; line++) {
      const { name, labels, value } = readSampleLine(scanned, line);
      if (labels.some(([label, text]) => label === 'sandbox_id' && text === id)) {
        sums.set(name, (sums.get(name) ?? 0) + parseValue(value));
      }
    }
  }
  return sums;
}

describe('/api/v1/sandboxes', () => {
  it('has the values of /metrics', async () => {
    await addSandbox('one', answerWithLength(good));
    await start();
    const snapshot = await sandboxes();
    expect(findSchemaFaults('Snapshot', snapshot)).toEqual([]);
    const [one] = snapshot.sandboxes;
    const metrics = await readMetrics('one');
    const expected: readonly (readonly [number | null, string])[] = [
      [one!.cpu.usageSecondsTotal, 'kata_sandbox_cpu_usage_seconds_total'],
      [one!.cpu.cores, 'kata_sandbox_cpu_cores'],
      [one!.memory.totalBytes, 'kata_sandbox_memory_total_bytes'],
      [one!.memory.availableBytes, 'kata_sandbox_memory_available_bytes'],
      [one!.memory.workingSetBytes, 'kata_sandbox_memory_working_set_bytes'],
      [one!.memory.oomKillsTotal, 'kata_sandbox_oom_kills_total'],
      [one!.restarts, 'kata_sandbox_restarts_total'],
      [one!.host.memoryBytes, 'kata_sandbox_host_memory_bytes'],
      [one!.host.cpuSecondsTotal, 'kata_sandbox_host_cpu_seconds_total'],
      [one!.host.overheadMemoryBytes, 'kata_sandbox_overhead_memory_bytes'],
      [one!.network.receiveBytesTotal, 'kata_sandbox_network_receive_bytes_total'],
      [one!.network.transmitBytesTotal, 'kata_sandbox_network_transmit_bytes_total'],
      [one!.disk.readBytesTotal, 'kata_sandbox_disk_read_bytes_total'],
      [one!.disk.writtenBytesTotal, 'kata_sandbox_disk_written_bytes_total'],
      [one!.load1, 'kata_sandbox_load1'],
      [one!.tasks, 'kata_sandbox_tasks'],
      [one!.uptimeSeconds, 'kata_sandbox_guest_uptime_seconds'],
      [one!.samples, 'kata_sandbox_scrape_samples'],
      [one!.startSeconds, 'kata_shim_process_start_time_seconds'],
    ];
    for (const [value, name] of expected) {
      expect([name, value]).toEqual([name, metrics.get(name) ?? null]);
    }
    expect(expected.filter(([value]) => value !== null).length).toBeGreaterThan(12);
    expect(one).toMatchObject({ id: 'one', state: 'running', isHealthy: true, reasons: [], message: null, pod: null });
  });

  it('has the id of the last event, which changes with each event only', async () => {
    const one = await addSandbox('one', answerWithLength(good));
    await start();
    const lastIds = async (): Promise<(string | undefined | null)[]> => {
      // The states of a collection become events before its response.
      const { node } = await sandboxes();
      const response = await get('/events?kind=appeared,ready,unresponsive', {
        headers: { accept: 'application/json' },
      });
      const { events } = (await response.json()) as EventList;
      return [node.lastEventId, events.at(-1)?.id];
    };
    await sandboxes();
    const [first, ofList] = await lastIds();
    expect(first).toMatch(/^[0-9a-f]+-[1-9]/);
    expect(first).toBe(ofList);
    expect((await sandboxes()).node.lastEventId).toBe(first);
    one.setAnswer(answerWithLength('', { status: '500 Internal Server Error' }));
    const [second, ofSecondList] = await lastIds();
    expect(second).not.toBe(first);
    expect(second).toBe(ofSecondList);
  });

  const guestless = Buffer.from(
    good
      .toString()
      .split('\n')
      .filter((line) => !/^(?:# (?:HELP|TYPE) )?kata_guest_/.test(line))
      .join('\n'),
  );

  it.each<[string, FakeAnswer, Partial<SandboxStatus>]>([
    ['a paused guest', answerWithLength(guestless), { state: 'guest-unresponsive', isHealthy: false, reasons: [] }],
    [
      'a status',
      answerWithLength('no', { status: '500 Internal Server Error' }),
      { state: 'broken', isHealthy: false, reasons: ['http_status'] },
    ],
    [
      'an invalid line',
      answerWithLength(`${good}kata_guest_x x\n`),
      { state: 'running', isHealthy: false, reasons: ['bad_value'] },
    ],
    [
      'no HTTP',
      { kind: 'bytes', bytes: 'nonsense\r\n\r\n', ending: 'close' },
      { state: 'broken', reasons: ['protocol'] },
    ],
  ])('reports %s', async (_name, response, expected) => {
    await addSandbox('one', response);
    await start();
    const snapshot = await sandboxes();
    expect(findSchemaFaults('Snapshot', snapshot)).toEqual([]);
    expect(snapshot.sandboxes[0]).toMatchObject(expected);
  });

  it('reports a sandbox that is starting', async () => {
    await mkdir(join(root, 'new'));
    await start();
    const { node, sandboxes: all } = await sandboxes();
    expect(all[0]).toMatchObject({ state: 'starting', isHealthy: true, reasons: ['starting'] });
    expect(node.sandboxesByState).toMatchObject({ starting: 1, running: 0 });
  });

  it('reports since when a shim does not respond, and that it responds again', async () => {
    const shim = await addSandbox('one', answerWithLength(good));
    // Longer than a busy machine takes to respond.
    await start('--shim-timeout=1s');
    const before = Date.now() / 1000;
    const running = (await sandboxes()).sandboxes[0]!;
    const afterRunning = Date.now() / 1000;
    expect(running).toMatchObject({ state: 'running' });
    shim.setAnswer({ kind: 'silence' });
    const silent = (await sandboxes()).sandboxes[0]!;
    expect(silent).toMatchObject({ state: 'unresponsive', isHealthy: false, reasons: ['timeout'] });
    expect(silent.stateSinceSeconds).toBeGreaterThanOrEqual(before);
    // From the last complete response, not from the timeout of the request.
    expect(silent.stateSinceSeconds).toBeLessThanOrEqual(afterRunning);
    const again = (await sandboxes()).sandboxes[0]!;
    expect(again.stateSinceSeconds).toBe(silent.stateSinceSeconds);
    shim.setAnswer(answerWithLength(good));
    // A collection does not wait for a late shim, whose request may still be under way.
    let healed = again;
    await waitUntil(async () => {
      healed = (await sandboxes()).sandboxes[0]!;
      return healed.state === 'running';
    });
    expect(healed).toMatchObject({ isHealthy: true });
    expect(healed.stateSinceSeconds).toBeGreaterThan(silent.stateSinceSeconds!);
  });

  it('joins a scrape in progress', async () => {
    const shim = await addSandbox('one', { kind: 'silence' });
    await start();
    const asked = shim.nextRequest();
    const scrape = get('/metrics');
    await asked;
    // Each has a separate connection; the monitor may accept them in any order.
    const read = new Set<string | undefined>();
    const onRequest = (message: unknown) => read.add((message as { request: IncomingMessage }).request.url);
    subscribe('http.server.request.start', onRequest);
    const list = sandboxes();
    const detail = getJson('/api/v1/sandboxes/one') as Promise<SandboxDetail>;
    await waitUntil(() => read.has('/api/v1/sandboxes') && read.has('/api/v1/sandboxes/one'));
    unsubscribe('http.server.request.start', onRequest);
    // Either looks for sandboxes once or twice before it joins; looks are done one after the other.
    await get('/sandboxes');
    await get('/sandboxes');
    shim.respond(answerWithLength(good));
    await (await scrape).text();
    expect((await list).sandboxes[0]!.state).toBe('running');
    expect((await detail).sandbox.state).toBe('running');
    expect(shim.requests).toHaveLength(1);
  });
});

describe('/api/v1/node', () => {
  it('describes the node and its monitor', async () => {
    await addSandbox('one', answerWithLength(good));
    await start();
    const node = await getJson('/api/v1/node');
    expect(findSchemaFaults('Node', node)).toEqual([]);
    expect(node).toMatchObject({
      version: '1.2.3',
      nodejs: process.version,
      sandboxes: 1,
      sandboxesByState: { running: 1 },
      containerManager: { isUp: false, name: null },
      collection: { problems: 0 },
    });
  });
});

describe('/api/v1/sandboxes/<id>', () => {
  it('has all families of the sandbox, named as in /metrics', async () => {
    await addSandbox('one', answerWithLength(good));
    await addSandbox('two', answerWithLength(good));
    await start();
    const detail = (await getJson('/api/v1/sandboxes/one')) as SandboxDetail;
    expect(findSchemaFaults('SandboxDetail', detail)).toEqual([]);
    const names = new Set(detail.families.flatMap(({ samples }) => samples.map(({ name }) => name)));
    const inMetrics = [...(await readMetrics('one')).keys()].filter(
      (name) =>
        !/^kata_sandbox_(?:up|guest_up|scrape_.*|last_success_age_seconds|created_seconds|state.*|restarts_total)$/.test(
          name,
        ),
    );
    expect([...names].sort()).toEqual(inMetrics.sort());
    expect(detail.families.find(({ name }) => name === 'kata_sandbox_memory_total_bytes')).toMatchObject({
      type: 'gauge',
      unit: 'bytes',
      help: expect.stringContaining('Memory of the guest'),
    });
  });

  it('passes hostile text on as text', async () => {
    const hostile = '</script><img src=x onerror=alert(1)>\\n\u001b[31m=cmd()\u202e';
    const body = `# HELP kata_guest_x ${hostile}\n# TYPE kata_guest_x gauge\nkata_guest_x{name="${hostile}"} 1\n`;
    await addSandbox('one', answerWithLength(body));
    await start();
    const response = await get('/api/v1/sandboxes/one');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const { families } = (await response.json()) as SandboxDetail;
    const text = hostile.replace('\\n', '\n');
    expect(families).toEqual([
      {
        name: 'kata_guest_x',
        type: 'gauge',
        unit: null,
        help: text,
        samples: [{ name: 'kata_guest_x', labels: { name: text }, value: '1' }],
      },
    ]);
  });

  it.each([
    ['/api/v1/sandboxes/none', 404, 'No sandbox "none" on this node'],
    ['/api/v1/sandboxes/default/web', 404, 'No sandbox "default/web" on this node'],
    ['/api/v1/sandboxes/default%2Fweb', 404, 'No sandbox "default/web" on this node'],
    ['/api/v1/sandboxes/', 400, 'got ""'],
    ['/api/v1/sandboxes/..%2F..%2Fetc', 400, 'got "../../etc"'],
    ['/api/v1/stream?sandbox=..', 400, 'got ".."'],
  ])('%s is %i', async (path, status, detail) => {
    await start();
    const response = await get(path);
    expect(response.status).toBe(status);
    const problem = await response.json();
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(findSchemaFaults('Problem', problem)).toEqual([]);
    expect(problem).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });
});

describe('/api/v1/stream', () => {
  it('sends snapshots as events, one collection for all clients', async () => {
    const shim = await addSandbox('one', answerWithLength(good));
    await start();
    const leaving = new AbortController();
    const open = async (query: string) => {
      const response = await get(`/api/v1/stream${query}`, { signal: leaving.signal });
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      return response.body!.pipeThrough(new TextDecoderStream()).getReader();
    };
    const readers = [await open('?sandbox=one'), await open('')];
    const readUntil = async (reader: ReadableStreamDefaultReader<string>, wanted: string): Promise<string> => {
      let text = '';
      while (!text.includes(wanted) || !text.endsWith('\n\n')) {
        text += (await reader.read()).value ?? '';
      }
      return text;
    };
    const [withDetail, plain] = await Promise.all([
      readUntil(readers[0]!, 'event: sandbox'),
      readUntil(readers[1]!, 'event: snapshot'),
    ]);
    const data = (text: string, event: string) =>
      JSON.parse(new RegExp(`event: ${event}\\n(?:id: .*\\n)?data: (.*)\\n`).exec(text)![1]!) as unknown;
    expect(findSchemaFaults('Snapshot', data(plain, 'snapshot'))).toEqual([]);
    expect(findSchemaFaults('SandboxDetail', data(withDetail, 'sandbox'))).toEqual([]);
    expect(shim.requests.length).toBeLessThanOrEqual(2);
    leaving.abort();
  });

  it('responds to HEAD without a stream, and ends when the monitor does', async () => {
    await start();
    expect((await get('/api/v1/stream', { method: 'HEAD' })).status).toBe(200);
    const open = (await get('/api/v1/stream')).text();
    await monitor.close();
    expect(await open).toMatch(/^retry: 2000\n\n/);
  });

  it('limits the clients', async () => {
    await start('--web.max-requests=1');
    const leaving = new AbortController();
    const first = await get('/api/v1/stream', { signal: leaving.signal });
    expect(first.status).toBe(200);
    const second = await get('/api/v1/stream');
    expect([second.status, await second.json()]).toEqual([
      503,
      {
        title: 'Service Unavailable',
        status: 503,
        detail: 'Too many concurrent requests for /api/v1/stream, limit 1',
      },
    ]);
    // The limits of the stream, the API and /metrics are separate.
    expect((await get('/api/v1/node')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(200);
    leaving.abort();
  });
});

describe('--web.page', () => {
  const paths = ['/api/v1/node', '/api/v1/sandboxes', '/api/v1/sandboxes/x', '/api/v1/stream', '/page/app.js'];

  it('off: serves neither the page nor the API', async () => {
    await start('--web.page=off');
    for (const path of paths) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toContain('The option --web.page is off');
    }
    expect(await (await get('/', { headers: { accept: 'text/html' } })).text()).toContain('<li><a href="/metrics">');
  });

  it.each([
    [[], 404],
    [['--web.page=on'], 200],
    [['--web.insecure-listen'], 200],
  ])('on an address that other machines can reach, with %j: %i', async (args, status) => {
    await start('--listen-address=:0', ...args);
    const { port } = new URL(monitor.url);
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/node`);
    expect(response.status).toBe(status);
    if (status === 404) {
      expect(await response.text()).toContain('To serve the page, use --web.page=on');
    }
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
  });
});
