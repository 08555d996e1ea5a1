/**
 * `kata-metrics events`: over a whole life with a client that is interrupted and a monitor that is restarted, of this node without a
 * monitor, and with clients that do not read.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventKind, eventKinds, type SandboxEvent } from '../../src/api/index.ts';
import type { EventSelection } from '../../src/cli/events/event-source.ts';
import { openRemoteEvents } from '../../src/cli/events/remote-events.ts';
import { createLog } from '../../src/monitor/answer/log.ts';
import { type RunningMonitor, startMonitor } from '../../src/monitor/start-monitor.ts';
import { parseOptions } from '../../src/options/index.ts';
import { monitorOptionTable, toMonitorSettings } from '../../src/settings/monitor.ts';
import { findSchemaFaults } from '../support/api-schema.ts';
import { answerWithLength, type FakeAnswer, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { runProgram } from '../support/run-program.ts';

const body = (await readFile(join(import.meta.dirname, '../fixtures/bodies/kata-shim.metrics.txt'))).toString();
/** Without the guest. */
const booting = body.replace(/^.*kata_(?:guest|agent)_.*\n/gm, '').replace(/agent_version="[^"]*"/, 'agent_version=""');
const paused = `${booting}# TYPE kata_hypervisor_paused gauge\nkata_hypervisor_paused 1\n`;
const withOomKills = body.replace(/^(kata_guest_vm_stat\{item="oom_kill"\}) .*$/m, '$1 2');

let folder: string;
let root: string;
let url: string;
let monitor: RunningMonitor | undefined;
let shim: FakeShim;
let clients: Client[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-events-'));
  root = join(folder, 'sbs');
  url = `unix://${folder}/monitor.sock`;
  clients = [];
  await mkdir(root);
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.stop()));
  await monitor?.close();
  monitor = undefined;
  await rm(folder, { recursive: true });
});

async function start(...args: string[]): Promise<void> {
  const parsed = parseOptions(monitorOptionTable, [
    ...[`--listen-address=${url}`, `--sandboxes-root=${root}`, `--runtime-endpoint=${folder}/no.sock`],
    ...args,
  ]);
  monitor = await startMonitor({
    settings: toMonitorSettings((parsed as Extract<typeof parsed, { kind: 'values' }>).values),
    version: '1.2.3',
    log: createLog({ level: 'panic', format: 'text' }),
  });
}

/** A scrape, so that no test waits for the next collection. */
const scrape = (): Promise<Buffer> => monitor!.readMetrics(new AbortController().signal);

async function scrapeWith(response: FakeAnswer): Promise<Buffer> {
  shim.setAnswer(response);
  // The first may join a collection of the monitor's own that has the response before; the second begins after it.
  await scrape();
  return scrape();
}

/** What `events --follow --url` is made of. */
class Client {
  readonly events: SandboxEvent[] = [];
  /** What it has reported on standard error. */
  readonly losses: string[] = [];
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;
  #wake: () => void = () => undefined;

  constructor(selection: Partial<EventSelection> = {}) {
    const source = openRemoteEvents({ url, onLoss: (message) => this.losses.push(message) });
    const all = { kinds: [], namespaces: [], pods: [], sandboxes: [], form: 'json', lastEventId: undefined } as const;
    this.#done = this.#read(source.stream({ ...all, ...selection }, this.#ending.signal)).finally(() => source.close());
    clients.push(this);
  }

  /** Resolves with the first event that matches, past or future. */
  async waitFor(matches: (event: SandboxEvent) => boolean): Promise<SandboxEvent> {
    for (let seen = 0; ; ) {
      for (; seen < this.events.length; seen++) {
        if (matches(this.events[seen]!)) {
          return this.events[seen]!;
        }
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  stop(): Promise<void> {
    this.#ending.abort();
    return this.#done;
  }

  async #read(messages: AsyncIterable<{ readonly data: string | undefined }>): Promise<void> {
    for await (const { data } of messages) {
      if (data !== undefined) {
        this.events.push(JSON.parse(data) as SandboxEvent);
        this.#wake();
      }
    }
  }
}

const isKind =
  (kind: EventKind) =>
  ({ kind: other }: { readonly kind: EventKind }): boolean =>
    kind === other;

describe('a client of /events', () => {
  it('learns of a whole life, also if it is interrupted, and of a restart of the monitor', async () => {
    await start();
    const [first, whole] = [new Client(), new Client()];
    await mkdir(join(root, 'one'));
    shim = await startFakeShim(join(root, 'one', 'shim-monitor.sock'), answerWithLength(booting));
    const { id } = await first.waitFor(isKind('appeared'));
    await scrape();
    await first.stop();
    await scrapeWith(answerWithLength(body));
    await scrapeWith(answerWithLength(paused));
    const second = new Client({ lastEventId: id });
    await scrapeWith(answerWithLength(body));
    await scrapeWith(answerWithLength(withOomKills));
    await scrapeWith(answerWithLength('no', { status: '500 No' }));
    await scrapeWith(answerWithLength(withOomKills));
    await shim.close();
    await rm(join(root, 'one'), { recursive: true });
    await Promise.all([whole, second].map((each) => each.waitFor(isKind('ended'))));
    const kinds = ['appeared', 'ready', 'paused', 'resumed', 'oom_kill', 'unresponsive', 'healthy', 'ended'];
    expect(whole.events.map(({ kind }) => kind)).toEqual(kinds);
    expect([...first.events, ...second.events]).toEqual(whole.events);
    expect(whole.events.flatMap((event) => findSchemaFaults('SandboxEvent', event))).toEqual([]);
    expect(whole.events.find(isKind('unresponsive'))).toMatchObject({ reason: 'http_status', state: 'unresponsive' });
    expect(whole.events.find(isKind('oom_kill'))).toMatchObject({ count: 2 });
    // A client that follows learns of the new process.
    await monitor!.close();
    await start();
    expect(await whole.waitFor(isKind('gap'))).toMatchObject({ reason: 'restart', sandbox: null });
    expect(whole.losses[0]).toContain('The stream was interrupted');
  });

  it('learns of a guest and of a shim that are started again, whose series begin again at once', async () => {
    const uptime = (seconds: number): string => body.replace(/^(kata_guest_uptime_seconds) .*$/m, `$1 ${seconds}`);
    const withStart = (text: string, seconds: number): string =>
      `${text}# TYPE kata_shim_process_start_time_seconds gauge\nkata_shim_process_start_time_seconds ${seconds}\n`;
    await start();
    const client = new Client();
    await mkdir(join(root, 'one'));
    const uptimes: (string | undefined)[] = [];
    const bodies = [
      withStart(uptime(900), 1e9),
      withStart(uptime(915), 1e9),
      withStart(uptime(3), 1e9),
      withStart(uptime(9), 2e9),
    ] as const;
    // It responds from the start: a collection of the monitor's own that got none would make it late.
    shim = await startFakeShim(join(root, 'one', 'shim-monitor.sock'), answerWithLength(bodies[0]));
    for (const text of bodies) {
      const metrics = (await scrapeWith(answerWithLength(text))).toString();
      uptimes.push(/^kata_sandbox_guest_uptime_seconds\{.*\} (.*)$/m.exec(metrics)?.[1]);
    }
    expect(uptimes).toEqual(['900', '915', '3', '9']);
    const metrics = (await scrape()).toString();
    expect(metrics).toMatch(/^kata_sandbox_restarts_total\{sandbox_id="one".*\} 2$/m);
    expect(metrics).toMatch(/^kata_sandbox_state\{sandbox_id="one".*state="running"\} 1$/m);
    expect(metrics).toMatch(/^kata_sandbox_state\{sandbox_id="one".*state="ended"\} 0$/m);
    expect(metrics).toMatch(/^kata_sandbox_starts_total 2$/m);
    await client.waitFor(({ kind, restarts }) => kind === 'ready' && restarts === 2);
    const told = client.events.map(({ kind, reason, restarts }) => [kind, reason, restarts]);
    expect(told).toEqual([
      ['appeared', null, 0],
      ['ready', null, 0],
      ['restarted', 'guest', 1],
      ['ready', null, 1],
      ['restarted', 'shim', 2],
      ['ready', null, 2],
    ]);
    await shim.close();
  });

  it('gets all events or their number, with a thousand sandboxes that come and go, and clients that do not read', async () => {
    await start('--events.max-count=100', '--web.max-requests=3');
    const idle = await Promise.all([1, 2].map(() => connectWithoutReading(`${folder}/monitor.sock`)));
    const client = new Client({ kinds: ['appeared', 'ended', 'gap'] });
    const names = Array.from({ length: 1000 }, (_, i) => join(root, `s${i}`));
    await Promise.all(names.map((name) => mkdir(name)));
    await scrape();
    await Promise.all(names.map((name) => rm(name, { recursive: true })));
    await mkdir(join(root, 'last'));
    await client.waitFor(({ sandbox, kind }) => sandbox === 'last' && kind === 'appeared');
    const told = client.events.reduce((sum, { kind, count }) => sum + (kind === 'gap' ? count! : 1), 0);
    expect(told).toBe(Number(client.events.at(-1)!.id.split('-')[1]));
    const fourth = await runProgram('kata-metrics', ['events', `--url=${url}`, '-o=json']).ended;
    expect(fourth.stderr).toContain('the monitor has too many concurrent requests');
    expect(fourth.code).toBe(1);
    for (const socket of idle) {
      socket.destroy();
    }
  });
});

describe('kata-metrics events', () => {
  it('observes this node without a monitor', async () => {
    await mkdir(join(root, 'one'));
    shim = await startFakeShim(join(root, 'one', 'shim-monitor.sock'), answerWithLength(body));
    const local = [`--sandboxes-root=${root}`, `--runtime-endpoint=${folder}/no.sock`];
    const [text, cloud] = await Promise.all(
      [['-o=wide'], ['-o=cloudevents', '--kind=ready']].map(
        (args) => runProgram('kata-metrics', ['events', ...local, ...args]).ended,
      ),
    );
    const kinds = text!.stdout.split('\n').map((line) => line.split(/ +/)[2]);
    expect(kinds).toEqual(['KIND', 'appeared', 'ready', undefined]);
    expect(JSON.parse(cloud!.stdout)).toMatchObject({ type: 'io.katacontainers.sandbox.ready', subject: 'one' });
    await shim.close();
  });

  it.each([
    [['--kind=ended,nonsense'], `Option "--kind" must be one of ${eventKinds.join(', ')}, got "nonsense"`, 2],
    [['--last-event-id=x'], 'Option "--last-event-id" requires "--url"', 2],
    [['--url=unix:///none', '--follow'], 'Cannot read the sandboxes from "unix:///none"', 1],
  ])('rejects %j', async (args, message, code) => {
    const end = await runProgram('kata-metrics', ['events', ...args]).ended;
    expect(end.stderr).toContain(message);
    expect(end.code).toBe(code);
  });
});

/** Sends a request for all events, and never reads. */
async function connectWithoutReading(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.pause();
  await new Promise((resolve) => socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n', resolve));
  return socket;
}
