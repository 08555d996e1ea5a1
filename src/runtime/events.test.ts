/**
 * Events to a containerd that the test plays: their order, their form, and a containerd that goes away and comes back.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Events, TaskExitSchema, TaskStartSchema } from '../runtime-proto/index.ts';
import { Code, TtrpcError, TtrpcServer } from '../ttrpc/index.ts';
import { EventPublisher } from './events.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const REFUSED_PID = 666;
let folder: string;
let socketPath: string;
let received: string[];
let publisher: EventPublisher;
let stopServer: () => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'events-'));
  socketPath = join(folder, 's');
  received = [];
  publisher = new EventPublisher({ socketPath, namespace: 'ns', log });
  stopServer = async () => undefined;
});

afterEach(async () => {
  await publisher.close(0);
  await stopServer();
  rmSync(folder, { recursive: true });
});

async function serve(): Promise<void> {
  const server = new TtrpcServer().addService(Events, {
    forward: ({ envelope }, { metadata }) => {
      const { topic, event, namespace } = envelope!;
      const isExit = topic === '/tasks/exit';
      const { pid } = fromBinary(isExit ? TaskExitSchema : TaskStartSchema, event!.value);
      if (pid === REFUSED_PID) {
        throw new TtrpcError(Code.internal, 'refused');
      }
      received.push(
        `${namespace} ${metadata.get('containerd-namespace-ttrpc')?.join()} ${topic} ${event!.typeUrl} ${pid}`,
      );
      return {};
    },
  });
  const listener: Server = createServer((socket) => server.accept(socket));
  await new Promise<void>((resolve) => listener.listen(socketPath, resolve));
  stopServer = async () => {
    await server.shutdown({ graceMs: 0 });
    await new Promise((resolve) => listener.close(resolve));
  };
}

const start = (pid: number): void => publisher.publish('/tasks/start', TaskStartSchema, { containerId: 'c', pid });
const line = (pid: number): string => `ns ns /tasks/start containerd.events.TaskStart ${pid}`;

describe('EventPublisher', () => {
  it('sends events in order, with the bare name of their type', async () => {
    await serve();
    for (let pid = 1; pid <= 50; pid++) {
      start(pid);
    }
    publisher.publish('/tasks/exit', TaskExitSchema, { containerId: 'c', id: 'c', pid: 51 });
    await publisher.close(10_000);
    expect(received).toHaveLength(51);
    expect(received.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, index) => line(index + 1)));
    expect(received.at(-1)).toContain('/tasks/exit containerd.events.TaskExit');
  });

  it('sends again what a containerd that was restarted has not got', async () => {
    await serve();
    start(1);
    await vi.waitFor(() => expect(received).toEqual([line(1)]), 20_000);
    await stopServer();
    start(2);
    start(3);
    await serve();
    await vi.waitFor(() => expect(received).toEqual([line(1), line(2), line(3)]), 20_000);
  });

  it('goes on after an event that containerd refuses', async () => {
    await serve();
    [1, REFUSED_PID, 2].forEach(start);
    await publisher.close(10_000);
    expect(received).toEqual([line(1), line(2)]);
  });

  it('does not wait longer than it may for a containerd that is gone', async () => {
    start(1);
    await publisher.close(10);
    expect(received).toEqual([]);
  });
});
