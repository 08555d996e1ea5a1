/**
 * Our ttrpc server against a client that is not ours: containerd's shim, which tells of its container's life.
 */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Envelope, Events } from '../../src/runtime-proto/index.ts';
import { Code, type HandlerContext, TtrpcError, TtrpcServer } from '../../src/ttrpc/index.ts';
import { Containerd } from '../support/containerd.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = missingPackages(['containerd', 'runc', 'busybox-static']);
if (process.getuid?.() !== 0) {
  missing.push('root');
}
const title = `events of containerd's shim${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

/** Of containerd and a container on a machine with other work, and of what happens some time after a call. */
const TIMEOUT_MS = 300_000;
const EFFECT_MS = 60_000;

describe.skipIf(missing.length > 0)(title, () => {
  let containerd: Containerd;
  let listener: Server;
  const server = new TtrpcServer();
  const received: { envelope: Envelope; context: HandlerContext }[] = [];

  beforeAll(async () => {
    server.addService(Events, {
      forward: ({ envelope }, context) => {
        if (envelope === undefined) {
          throw new TtrpcError(Code.invalidArgument, 'Request has no envelope');
        }
        received.push({ envelope, context });
        return {};
      },
    });
    containerd = await Containerd.start();
    // The shim looks for this socket when it starts: from now on it finds ours.
    rmSync(containerd.eventSocketPath);
    listener = createServer((socket) => server.accept(socket)).listen(containerd.eventSocketPath);
    await once(listener, 'listening');
    await containerd.startContainer('sleeper', ['/bin/busybox', 'sleep', '1000']);
    await containerd.removeContainer('sleeper');
  }, TIMEOUT_MS);

  afterAll(async () => {
    listener?.close();
    await server.shutdown({ graceMs: 0 });
    await containerd?.stop();
  }, TIMEOUT_MS);

  it('are all received, from the making of the container to its removal', async () => {
    const topics = ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete'];
    await vi.waitFor(() => expect(received.map(({ envelope }) => envelope.topic)).toEqual(topics), EFFECT_MS);
    expect(new Set(received.map(({ envelope }) => envelope.namespace))).toEqual(new Set([containerd.namespace]));
    expect(received[0]?.envelope.event?.typeUrl).toMatch(/containerd\.events\.TaskCreate$/);
  });

  it('come with the metadata and the timeout that the shim sends', () => {
    for (const { context } of received) {
      expect(context.metadata.get('containerd-namespace-ttrpc')).toEqual([containerd.namespace]);
      expect(context.timeoutMs).toBeGreaterThan(0);
    }
  });

  it('leave no connection when the shim has ended', async () => {
    await vi.waitFor(() => expect(server.connectionCount).toBe(0), EFFECT_MS);
  });
});
