/**
 * containerd's calls in the orders in which they come, over a guest that the test plays.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TaskServiceV2, TaskStatus } from '../runtime-proto/index.ts';
import { Code, TtrpcError } from '../ttrpc/index.ts';
import type { Sandbox } from './sandbox.ts';
import { TaskService } from './task-service.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const HYPERVISOR_PID = 4711;

/** A guest whose processes end when the test says it. */
class FakeGuest {
  readonly calls: string[] = [];
  readonly exits = new Map<string, PromiseWithResolvers<{ status: number }>>();
  readonly oom = Promise.withResolvers<{ containerId: string }>();
  readonly over = Promise.withResolvers<string>();
  readonly sandbox: Sandbox;
  failing: string | undefined;
  endReason: string | undefined;
  /** A call that the guest takes its time for. */
  holding: (PromiseWithResolvers<void> & { readonly name: string }) | undefined;
  /** How often the guest reports the same one. */
  oomEvents = 1;
  #oomCalls = 0;

  constructor() {
    const call = async (name: string, request: { containerId?: string; execId?: string; signal?: number }) => {
      this.calls.push(
        [name, request.execId ?? request.containerId, request.signal].filter((each) => each !== undefined).join(' '),
      );
      if (this.failing === name) {
        throw new TtrpcError(Code.notFound, 'the guest says no');
      }
      if (this.holding?.name === name) {
        await this.holding.promise;
      }
      return {};
    };
    const wait = async (name: string, request: { execId: string }) => {
      switch (name) {
        case 'waitProcess': {
          const exit = Promise.withResolvers<{ status: number }>();
          this.exits.set(request.execId, exit);
          return exit.promise;
        }
        case 'getOOMEvent':
          this.#oomCalls += 1;
          return this.#oomCalls <= this.oomEvents ? this.oom.promise : new Promise(() => undefined);
        default:
          return { data: new Uint8Array() };
      }
    };
    const guest = this;
    this.sandbox = {
      id: 'pod',
      pid: HYPERVISOR_PID,
      agent: { call, wait, statsContainer: async () => ({ networkStats: [] }), lost: new Promise(() => undefined) },
      files: {
        addRoot: async () => '/guest/rootfs',
        addMount: async () => '/guest/mount',
        remove: () => guest.calls.push('remove files'),
      },
      ended: this.over.promise,
      get endReason() {
        return guest.endReason;
      },
      isStopping: false,
      addContainer: () => undefined,
      removeContainer: (id: string) => guest.calls.push(`forget ${id}`),
      observeTaskRpc: () => undefined,
      observeContainerStart: () => undefined,
      expectAlive: () => {
        if (guest.endReason !== undefined) {
          throw new TtrpcError(Code.unavailable, `Sandbox "pod" has ended: ${guest.endReason}`);
        }
      },
      stop: async (reason: string) => {
        guest.endReason ??= reason;
        guest.calls.push('stop');
      },
    } as unknown as Sandbox;
  }

  exit(id: string, status: number): void {
    this.exits.get(id)!.resolve({ status });
  }

  end(reason: string): void {
    this.endReason = reason;
    this.over.resolve(reason);
  }
}

let folder: string;
let guest: FakeGuest;
let events: string[];
let handlers: ReturnType<TaskService['handlers']>;
let onShutdown: () => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tasks-'));
  guest = new FakeGuest();
  events = [];
  onShutdown = vi.fn();
  const publish = (topic: string, _schema: unknown, { id, exitStatus }: { id?: string; exitStatus?: number }): void => {
    events.push([topic, id, exitStatus].filter((each) => each !== undefined).join(' '));
  };
  const service = new TaskService({
    events: { publish: publish as never },
    log,
    startSandbox: async () => guest.sandbox,
    onCreate: () => undefined,
    onShutdown,
  });
  handlers = service.handlers();
});

afterEach(() => rmSync(folder, { recursive: true }));

type Method = keyof typeof TaskServiceV2.method;

function call<M extends Method>(name: M, request: MessageInitShape<(typeof TaskServiceV2.method)[M]['input']>) {
  const full = {
    id: 'c1',
    execId: '',
    stdin: '',
    stdout: '',
    stderr: '',
    rootfs: [],
    checkpoint: '',
    terminal: false,
    all: false,
    bundle: folder,
    ...request,
  };
  return (handlers[name] as unknown as (request: unknown) => Promise<Record<string, unknown>>)(full);
}

function writeSpec(type?: string): void {
  const annotations = type === undefined ? {} : { 'io.kubernetes.cri.container-type': type };
  const process = { args: ['x'], cwd: '/' };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ root: { path: 'rootfs' }, process, linux: {}, annotations }),
  );
}

const exec = { execId: 'e1', spec: { value: Buffer.from('{"args":["ls"]}') } };

describe('a container by itself', () => {
  beforeEach(() => writeSpec());

  it('goes from created to deleted, each event once and in order, and takes its guest with it', async () => {
    expect(await call('create', {})).toEqual({ pid: HYPERVISOR_PID });
    expect(await call('state', {})).toMatchObject({
      status: TaskStatus.CREATED,
      exitedAt: { seconds: -62_135_596_800n },
    });
    await call('start', {});
    const waiting = call('wait', {});
    guest.exit('c1', 7);
    expect(await waiting).toMatchObject({ exitStatus: 7 });
    expect(await call('state', {})).toMatchObject({ status: TaskStatus.STOPPED, exitStatus: 7, pid: HYPERVISOR_PID });
    expect(await call('delete', {})).toMatchObject({ exitStatus: 7 });
    await call('shutdown', {});
    expect(onShutdown).toHaveBeenCalledOnce();
    expect(events).toEqual(['/tasks/create', '/tasks/start', '/tasks/exit c1 7', '/tasks/delete 7']);
    expect(guest.calls).toEqual([
      'createContainer c1',
      'closeStdin c1',
      'startContainer c1',
      'removeContainer c1',
      'forget c1',
      'stop',
    ]);
  });

  it.each([
    [0, 0],
    [255, 255],
    [256, 255],
    [-1, 255],
    [2 ** 31 - 1, 255],
  ])('takes status %i of the guest for %i', async (told, status) => {
    await call('create', {});
    await call('start', {});
    const waiting = call('wait', {});
    guest.exit('c1', told);
    expect(await waiting).toMatchObject({ exitStatus: status });
  });

  // What ends while the guest is at work on a call must not come to life again: containerd could not delete it.
  it.each([
    ['start', [], 'startContainer'],
    ['pause', ['start'], 'pauseContainer'],
    ['resume', ['start', 'pause'], 'resumeContainer'],
  ] as const)('that ends during %s has ended', async (name, before, method) => {
    await call('create', {});
    for (const each of before) {
      await call(each, {});
    }
    guest.holding = { name: method, ...Promise.withResolvers<void>() };
    const calling = call(name, {}).catch((error: unknown) => error);
    await vi.waitFor(() => expect(guest.calls.at(-1)).toBe(`${method} c1`), 20_000);
    if (name === 'start') {
      // The guest reports an end before the start.
      guest.exit('c1', 3);
      guest.holding.resolve();
    } else {
      guest.exit('c1', 3);
      await call('wait', {});
      guest.holding.resolve();
      expect(await calling).toMatchObject({ code: Code.failedPrecondition });
    }
    await calling;
    expect(await call('wait', {})).toMatchObject({ exitStatus: 3 });
    expect(await call('state', {})).toMatchObject({ status: TaskStatus.STOPPED });
    expect(await call('delete', {})).toMatchObject({ exitStatus: 3 });
  });

  it('reports memory events of containers that run, and of no others', async () => {
    await call('create', {});
    guest.oom.resolve({ containerId: 'somebody-else' });
    await call('start', {});
    expect(events).not.toContain('/tasks/oom');
  });

  it('reports memory events once, however often the guest repeats them', async () => {
    guest.oomEvents = 1_000;
    await call('create', {});
    await call('start', {});
    guest.oom.resolve({ containerId: 'c1' });
    await vi.waitFor(() => expect(events.filter((event) => event.startsWith('/tasks/oom'))).toHaveLength(1), 20_000);
    guest.exit('c1', 137);
    await vi.waitFor(() => expect(events.at(-1)).toBe('/tasks/exit c1 137'), 20_000);
    expect(events.filter((event) => event.startsWith('/tasks/oom'))).toHaveLength(1);
  });

  it('reports why a container ended before its end', async () => {
    await call('create', {});
    await call('start', {});
    guest.oom.resolve({ containerId: 'c1' });
    const waiting = call('wait', {});
    guest.exit('c1', 137);
    await waiting;
    await vi.waitFor(() => expect(events.slice(2)).toEqual(['/tasks/oom', '/tasks/exit c1 137']), 20_000);
  });

  it('gives the reason of the guest for what cannot be made, takes away what was made, and keeps nothing', async () => {
    guest.failing = 'createContainer';
    await expect(call('create', {})).rejects.toMatchObject({ code: Code.notFound, rawMessage: 'the guest says no' });
    expect(guest.calls).toEqual(['createContainer c1', 'remove files', 'stop']);
    expect(events).toEqual([]);
    await expect(call('state', {})).rejects.toMatchObject({ code: Code.notFound });
  });

  it.each([
    ['create', {}, Code.alreadyExists],
    ['delete', {}, Code.failedPrecondition],
    ['start', {}, Code.failedPrecondition],
    ['resume', {}, Code.failedPrecondition],
    ['start', { execId: 'none' }, Code.notFound],
    ['state', { id: 'other' }, Code.notFound],
    ['stats', { id: 'other' }, Code.notFound],
    ['kill', { execId: 'none' }, Code.notFound],
    ['kill', { signal: 65 }, Code.invalidArgument],
    ['kill', { signal: 2 ** 32 - 1 }, Code.invalidArgument],
    ['create', { id: '../pod' }, Code.invalidArgument],
    ['create', { id: '' }, Code.invalidArgument],
    ['create', { id: 'x'.repeat(129) }, Code.invalidArgument],
    ['exec', { execId: 'a/b' }, Code.invalidArgument],
    ['exec', { execId: 'a\nb' }, Code.invalidArgument],
    ['exec', { id: 'other', execId: 'e1' }, Code.notFound],
    ['checkpoint', {}, Code.unimplemented],
    ['update', { resources: { value: Buffer.from('{"cpu":{"shares":1}}') } }, Code.invalidArgument],
    [
      'update',
      { resources: { value: Buffer.from('{"hugepageLimits":[{"pageSize":"2MB","limit":1}]}') } },
      Code.unimplemented,
    ],
    ['update', { resources: { value: Buffer.from('nonsense') } }, Code.invalidArgument],
  ] as const)('refuses to %s a running one with %j', async (method, request, code) => {
    await call('create', {});
    await call('start', {});
    await expect(call(method, request)).rejects.toMatchObject({ code });
  });

  it('does not end while it has a task', async () => {
    await call('create', {});
    await call('shutdown', {});
    expect(onShutdown).not.toHaveBeenCalled();
  });

  it('signals its first process, one of its execs, or all', async () => {
    await call('create', {});
    await call('start', {});
    await call('exec', exec);
    await call('start', { execId: 'e1' });
    await call('kill', { signal: 15 });
    await call('kill', { signal: 1, execId: 'e1' });
    await call('kill', { signal: 9, all: true });
    expect(guest.calls.filter((each) => each.startsWith('signal'))).toEqual([
      'signalProcess c1 15',
      'signalProcess e1 1',
      'signalProcess  9',
    ]);
  });

  it('has execs with a life of their own; killing one that has ended is not found, which containerd knows', async () => {
    await call('create', {});
    await call('start', {});
    await call('exec', exec);
    await call('start', { execId: 'e1' });
    const waiting = call('wait', { execId: 'e1' });
    guest.exit('e1', 3);
    expect(await waiting).toMatchObject({ exitStatus: 3 });
    const killing = call('kill', { execId: 'e1', signal: 9 });
    await expect(killing).rejects.toMatchObject({
      code: Code.notFound,
      rawMessage: 'process already finished: not found',
    });
    expect(await call('delete', { execId: 'e1' })).toMatchObject({ exitStatus: 3 });
    await expect(call('state', { execId: 'e1' })).rejects.toMatchObject({ code: Code.notFound });
    expect(await call('state', {})).toMatchObject({ status: TaskStatus.RUNNING });
    expect(events.slice(2)).toEqual(['/tasks/exec-added', '/tasks/exec-started', '/tasks/exit e1 3']);
  });

  // containerd waits for the end of an exec before it deletes it, also of one that it could not start.
  it.each<[string, () => unknown, Code, object?]>([
    ['the guest cannot start it', () => Object.assign(guest, { failing: 'execProcess' }), Code.notFound],
    ['the guest is gone', () => guest.end('QEMU was ended'), Code.unavailable],
    ['its container is paused', () => call('pause', {}), Code.failedPrecondition],
    ['its output cannot be opened', () => undefined, Code.internal, { stdout: '/nowhere/fifo' }],
  ])('has an exec that ends when %s', async (_, prepare, code, stdio = {}) => {
    await call('create', {});
    await call('start', {});
    await call('exec', { ...exec, ...stdio });
    await prepare();
    const waiting = call('wait', { execId: 'e1' });
    await expect(call('start', { execId: 'e1' })).rejects.toMatchObject({ code });
    expect(await waiting).toMatchObject({ exitStatus: 255 });
    await expect(call('kill', { execId: 'e1', signal: 9 })).rejects.toMatchObject({ code: Code.notFound });
    expect(await call('delete', { execId: 'e1' })).toMatchObject({ pid: 0, exitStatus: 255 });
    expect(events.filter((each) => each.includes('e1'))).toEqual([]);
  });

  it.each([
    ['it', { execId: 'e1' }],
    ['its container', {}],
  ])('has an exec that ends when %s is deleted before it was started', async (_, deleted) => {
    await call('create', {});
    await call('start', {});
    await call('exec', exec);
    const waiting = call('wait', { execId: 'e1' });
    guest.exit('c1', 0);
    await call('wait', {});
    await call('delete', deleted);
    expect(await waiting).toMatchObject({ exitStatus: 255 });
  });
});

describe('a pod', () => {
  beforeEach(async () => {
    writeSpec('sandbox');
    await call('create', { id: 'pod' });
    await call('start', { id: 'pod' });
    writeSpec('container');
    await call('create', {});
    await call('start', {});
  });

  it('keeps its guest when a container goes', async () => {
    const waiting = call('wait', {});
    guest.exit('c1', 0);
    await waiting;
    await call('delete', {});
    await call('shutdown', {});
    expect(guest.calls).not.toContain('stop');
    expect(onShutdown).not.toHaveBeenCalled();
  });

  it('ends its guest when it is killed', async () => {
    const waiting = call('wait', { id: 'pod' });
    await call('kill', { id: 'pod', signal: 9 });
    expect(await waiting).toMatchObject({ exitStatus: 137 });
    expect(guest.calls).toContain('stop');
  });

  it.each([0, 17, 18, 23, 28])('goes on after signal %i, which ends no process', async (signal) => {
    await call('kill', { id: 'pod', signal });
    expect(guest.calls).not.toContain('stop');
    expect(await call('state', { id: 'pod' })).toMatchObject({ status: TaskStatus.RUNNING });
  });

  it('whose guest is gone has ended with all of its containers, and says why', async () => {
    const waiting = Promise.all([call('wait', { id: 'pod' }), call('wait', {})]);
    guest.end('QEMU was ended by SIGKILL');
    expect((await waiting).map(({ exitStatus }) => exitStatus)).toEqual([255, 255]);
    await call('exec', exec);
    await expect(call('start', { execId: 'e1' })).rejects.toMatchObject({
      code: Code.unavailable,
      rawMessage: 'Sandbox "pod" has ended: QEMU was ended by SIGKILL',
    });
    expect(events.filter((each) => each.startsWith('/tasks/exit')).toSorted()).toEqual([
      '/tasks/exit c1 255',
      '/tasks/exit pod 255',
    ]);
  });
});
