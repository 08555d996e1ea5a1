import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CriBehaviour, CriServer } from '../../test/support/cri-server.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { CriLink, type CriState } from './cri-link.ts';

/** For what comes by itself: machines that run tests can be very busy. */
const patience = { timeout: 10_000, interval: 5 };

let folder: string;
let clock: ManualClock;
let link: CriLink;
let states: CriState[];
const servers: CriServer[] = [];

function pathOf(name: string): string {
  return join(folder, name);
}

async function start(name: string, behaviour: CriBehaviour = 'well'): Promise<CriServer> {
  const server = await CriServer.start(pathOf(name), { behaviour, state: { runtimeName: name } });
  servers.push(server);
  return server;
}

/** The state after the next change. */
async function nextState(): Promise<CriState> {
  const count = states.length;
  await vi.waitFor(() => expect(states.length).toBeGreaterThan(count), patience);
  return states.at(-1)!;
}

/** With 20 s for each call, that of a machine that is very busy. */
function openLink(callTimeoutMs = 20_000): CriLink {
  return new CriLink({
    socketPaths: [pathOf('first'), pathOf('second')],
    clock,
    callTimeoutMs,
    onState: (state) => states.push(state),
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-'));
  clock = new ManualClock();
  states = [];
  link = openLink();
});

afterEach(async () => {
  link.close();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await rm(folder, { recursive: true });
});

describe('a node with container managers', () => {
  it('is served by the first that responds', async () => {
    await start('first');
    await start('second');
    await link.connect();
    const version = { runtimeName: 'first', runtimeVersion: '1.2.3', apiVersion: 'v1' };
    expect(link.state).toEqual({ kind: 'up', socketPath: pathOf('first'), version });
  });

  it.each<CriBehaviour>(['closes', 'garbage', 'hangs', 'noise'])(
    'passes over one that is ill: %s',
    async (behaviour) => {
      await start('first', behaviour);
      await start('second');
      if (behaviour === 'hangs') {
        link = openLink(1000);
      }
      await link.connect();
      expect(link.state).toMatchObject({ kind: 'up', socketPath: pathOf('second') });
    },
  );

  it('passes over a file that is no socket', async () => {
    await writeFile(pathOf('first'), '');
    await start('second');
    await link.connect();
    expect(link.state).toMatchObject({ kind: 'up', socketPath: pathOf('second') });
  });
});

describe('a node without a container manager', () => {
  it('is looked at again, at last every minute', async () => {
    await link.connect();
    expect(link.state).toMatchObject({ kind: 'down', problem: expect.stringContaining(pathOf('first')) });
    const delaysMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      const [delayMs = 0] = clock.delaysMs;
      delaysMs.push(delayMs);
      clock.advance(delayMs);
      await link.connect();
    }
    expect(delaysMs).toEqual([1000, 2000, 5000, 10_000, 30_000, 60_000, 60_000, 60_000]);
    expect(states).toHaveLength(1);
  });

  it('has one as soon as it comes', async () => {
    await link.connect();
    await start('second');
    const changed = nextState();
    clock.advance(1000);
    expect(await changed).toMatchObject({ kind: 'up' });
    expect(clock.delaysMs).toEqual([]);
  });

  it('has no manager to call', async () => {
    await link.connect();
    await expect(link.use(async () => 1)).rejects.toMatchObject({ code: 'unreachable' });
  });
});

describe('a node without a socket', () => {
  /** What a separate process has loaded after it has looked for a container manager: our files and modules of Node.js. */
  async function loadedByLookingAt(socketPath: string): Promise<string> {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { CriLink } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))});
      const clock = { nowMs: Date.now, after: () => () => undefined };
      const link = new CriLink({ socketPaths: [${JSON.stringify(socketPath)}], clock });
      await link.connect();
      link.close();
      process.stdout.write([...loaded, ...process.moduleLoadList].join('\\n'));`;
    return (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])).stdout;
  }

  it('loads no client, and on another neither TLS nor the HTTP/2 of Node.js', async () => {
    expect(await loadedByLookingAt(pathOf('first'))).not.toMatch(/cri-client/);
    const { socketPath } = await start('first');
    const loaded = await loadedByLookingAt(socketPath);
    expect(loaded).toMatch(/cri-client/);
    expect(loaded).not.toMatch(/NativeModule (?:tls|http2)$/m);
  });
});

describe('a container manager that goes', () => {
  it('is called down by the call that finds out, and up when it is back', async () => {
    const server = await start('first');
    await link.connect();
    await server.stop();
    await expect(link.use(({ client, timeoutMs }) => client.listPods({ timeoutMs }))).rejects.toMatchObject({
      code: 'unreachable',
    });
    expect(link.state?.kind).toBe('down');
    await start('first');
    const changed = nextState();
    clock.advance(1000);
    expect(await changed).toMatchObject({ kind: 'up' });
    expect(await link.use(({ client, timeoutMs }) => client.listPods({ timeoutMs }))).toEqual([]);
  });

  it('is found out by a check, at most once a second, and so is that it is back', async () => {
    const server = await start('first');
    await link.connect();
    await link.check();
    clock.advance(1000);
    await Promise.all([link.check(), link.check()]);
    expect(server.calls).toEqual(['Version', 'Version']);
    await server.stop();
    clock.advance(1000);
    await link.check();
    expect(link.state?.kind).toBe('down');
    await start('first');
    clock.advance(999);
    await link.check();
    expect(link.state?.kind).toBe('down');
    clock.advance(1);
    await vi.waitFor(() => expect(link.state?.kind).toBe('up'), patience);
  });

  it('is found out by a check that does not wait for one that hangs', async () => {
    const server = await start('first');
    link = openLink(1000);
    await link.connect();
    server.behaviour = 'hangs';
    clock.advance(1000);
    const changed = nextState();
    await link.check();
    expect(link.state?.kind).toBe('up');
    expect(await changed).toMatchObject({ kind: 'down', problem: expect.stringContaining('within 1000 ms') });
  });
});

describe('close', () => {
  it('ends the connection and the looking', async () => {
    const server = await start('first');
    await link.connect();
    link.close();
    await vi.waitFor(() => expect(server.openConnections).toBe(0), patience);
    expect(clock.delaysMs).toEqual([]);
  });

  it('while it looks: no connection is made afterwards', async () => {
    const server = await start('first', 'slow');
    const connected = link.connect();
    await vi.waitFor(() => expect(server.calls).toHaveLength(1), patience);
    link.close();
    server.releaseSlow();
    await connected;
    await vi.waitFor(() => expect(server.openConnections).toBe(0), patience);
    expect(clock.delaysMs).toEqual([]);
  });
});
