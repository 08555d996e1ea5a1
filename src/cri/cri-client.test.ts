import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CriBehaviour, CriServer, type CriServerOptions } from '../../test/support/cri-server.ts';
import { CriClient } from './cri-client.ts';

/** For what comes by itself: machines that run tests can be very busy. */
const patience = { timeout: 10_000, interval: 5 };

let folder: string;
let server: CriServer | undefined;
let client: CriClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-'));
  client = new CriClient(join(folder, 'cri.sock'));
});

afterEach(async () => {
  client.close();
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true });
});

async function start(options: CriServerOptions = {}): Promise<CriServer> {
  server = await CriServer.start(join(folder, 'cri.sock'), options);
  return server;
}

const TIMEOUT_MS = 20_000;
const metadata = { name: 'web-0', uid: '1-2-3', namespace: 'shop' };
const pod = { id: 'a1', metadata, createdAt: 1_700_000_000_123_456_789n, labels: { app: 'web' } };

describe('a container manager that is well', () => {
  it('says who it is', async () => {
    await start();
    expect(await client.version({ timeoutMs: TIMEOUT_MS })).toEqual({
      runtimeName: 'test-cri',
      runtimeVersion: '1.2.3',
      apiVersion: 'v1',
    });
  });

  it('is called by v1alpha2 when it has no other version, and so are the other calls at once', async () => {
    const { calls } = await start({ apiVersion: 'v1alpha2', state: { pods: [pod] } });
    expect(await client.listPods({ timeoutMs: TIMEOUT_MS })).toHaveLength(1);
    expect(await client.version({ timeoutMs: TIMEOUT_MS })).toMatchObject({ apiVersion: 'v1alpha2' });
    expect(calls).toEqual(['Version', 'ListPodSandbox', 'Version']);
  });

  it('gives pods, all or by id', async () => {
    const { calls } = await start({ state: { pods: [pod, { id: 'b2' }] } });
    const expected = {
      id: 'a1',
      uid: '1-2-3',
      name: 'web-0',
      namespace: 'shop',
      createdNs: 1_700_000_000_123_456_789n,
      labels: { app: 'web' },
      runtimeHandler: '',
    };
    const unknown = {
      id: 'b2',
      uid: '',
      name: '',
      namespace: '',
      createdNs: undefined,
      labels: {},
      runtimeHandler: '',
    };
    expect(await client.listPods({ timeoutMs: TIMEOUT_MS })).toEqual([expected, unknown]);
    expect(await client.listPods({ timeoutMs: TIMEOUT_MS, id: 'a1' })).toEqual([expected]);
    expect(calls).toEqual(['Version', 'ListPodSandbox', 'ListPodSandbox a1']);
  });

  it('does not make another address of an annotation that is too long', async () => {
    const items = Array.from({ length: 2000 }, (_, i) => `x${i}=8080`).join();
    const annotations = { 'kata-metrics/guest-exporters': items };
    await start({ state: { pods: [{ ...pod, annotations }] } });
    const [{ guestExporters = '' } = {}] = await client.listPods({ timeoutMs: TIMEOUT_MS });
    const given = guestExporters.split(',');
    expect(given.slice(0, -1)).toEqual(items.split(',').slice(0, given.length - 1));
    expect(given.at(-1)).toMatch(/^[x=0-9]* \.\.\.$/);
  });

  it('gives containers', async () => {
    await start({
      state: {
        containers: [
          {
            id: 'c1',
            podSandboxId: 'a1',
            metadata: { name: 'nginx' },
            image: { image: 'nginx:1' },
            state: 1,
            createdAt: 5n,
          },
          { id: 'c2', podSandboxId: 'a1', state: 2 },
        ],
      },
    });
    expect(await client.listContainers({ timeoutMs: TIMEOUT_MS })).toEqual([
      { id: 'c1', podId: 'a1', name: 'nginx', image: 'nginx:1', isRunning: true, createdNs: 5n },
      { id: 'c2', podId: 'a1', name: '', image: '', isRunning: false, createdNs: undefined },
    ]);
  });

  it('returns usage: a missing or negative value is undefined', async () => {
    await start({
      state: {
        stats: [
          {
            attributes: { id: 'c1' },
            cpu: { timestamp: 7n, usageCoreNanoSeconds: { value: 0n } },
            memory: {
              timestamp: 9n,
              workingSetBytes: { value: 4096n },
              availableBytes: {},
              rssBytes: { value: 2n ** 64n - 8n },
            },
          },
        ],
      },
    });
    const [stats] = await client.listContainerStats({ timeoutMs: TIMEOUT_MS });
    expect(stats).toEqual({
      containerId: 'c1',
      readNs: 9n,
      cpuUsageNs: 0n,
      workingSetBytes: 4096n,
      memoryUsageBytes: undefined,
      rssBytes: undefined,
      pageFaults: undefined,
      majorPageFaults: undefined,
      filesystemUsedBytes: undefined,
      filesystemInodesUsed: undefined,
      filesystemMountpoint: '',
    });
  });

  it('gives 10,000 pods in one response that is larger than gRPC takes by itself', async () => {
    const labels = { filler: 'x'.repeat(1000) };
    await start({ state: { pods: Array.from({ length: 10_000 }, (_, i) => ({ ...pod, id: `id${i}`, labels })) } });
    expect(await client.listPods({ timeoutMs: 50_000 })).toHaveLength(10_000);
  });

  it('has one connection for all calls', async () => {
    const { connectionCount } = await start().then(async (started) => {
      await Promise.all(Array.from({ length: 20 }, () => client.listPods({ timeoutMs: TIMEOUT_MS })));
      return started;
    });
    expect(connectionCount).toBe(1);
  });

  it('closes the connection when no call uses it', async () => {
    const started = await start();
    const impatient = new CriClient(started.socketPath, 1);
    await impatient.version({ timeoutMs: TIMEOUT_MS });
    await vi.waitFor(() => expect(started.openConnections).toBe(0), patience);
    await impatient.version({ timeoutMs: TIMEOUT_MS });
    expect(started.connectionCount).toBe(2);
    impatient.close();
  });
});

describe('a container manager that is ill', () => {
  it.each<[CriBehaviour, string]>([
    ['hangs', 'timeout'],
    ['garbage', 'invalid_response'],
    ['closes', 'unreachable'],
    ['noise', 'unreachable'],
  ])('%s: the call fails with %s', async (behaviour, code) => {
    await start({ behaviour });
    const timeoutMs = code === 'timeout' ? 300 : TIMEOUT_MS;
    await expect(client.version({ timeoutMs })).rejects.toMatchObject({ name: 'CriError', code });
    await expect(client.listPods({ timeoutMs })).rejects.toMatchObject({ name: 'CriError', code });
  });

  it('is not there', async () => {
    await expect(client.version({ timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('has a text that is no name', async () => {
    await start({ state: { pods: [{ id: 'a', metadata: { name: 'x'.repeat(5000) } }] } });
    await expect(client.listPods({ timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({ code: 'invalid_response' });
  });
});

describe('a call', () => {
  it('ends with its signal', async () => {
    const started = await start({ behaviour: 'hangs' });
    const caller = new AbortController();
    const call = client.version({ timeoutMs: TIMEOUT_MS, signal: caller.signal });
    await vi.waitFor(() => expect(started.calls).toHaveLength(1), patience);
    caller.abort(new Error('No caller waits'));
    await expect(call).rejects.toThrow('No caller waits');
  });
});
