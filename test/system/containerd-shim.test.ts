/**
 * Our ttrpc client against a server that is not ours: containerd's shim of a real container.
 */
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentService } from '../../src/proto/index.ts';
import {
  CgroupMetricsSchema as MetricsV2Schema,
  TaskServiceV2 as Task,
  TaskStatus,
} from '../../src/runtime-proto/index.ts';
import { Code, TtrpcClient } from '../../src/ttrpc/index.ts';
import { MetricsSchema as MetricsV1Schema } from '../proto/gen/cgroups-v1_pb.ts';
import { Containerd } from '../support/containerd.ts';
import { missingPackages } from '../support/requirements.ts';

const id = 'sleeper';
const command = ['/bin/busybox', 'sleep', '1000'];
/** Of containerd and a container on a machine with other work, and of what happens some time after a call. */
const TIMEOUT_MS = 300_000;
const EFFECT_MS = 60_000;

const missing = missingPackages(['containerd', 'runc', 'busybox-static']);
if (process.getuid?.() !== 0) {
  missing.push('root');
}
const title = `containerd's shim${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

/** Processes and CPU time of a cgroup, by either version's message. */
function readCgroupMetrics(stats: Any): { pids: bigint | undefined; cpuNanos: bigint | undefined } {
  if (stats.typeUrl.endsWith('io.containerd.cgroups.v2.Metrics')) {
    const { pids, cpu } = fromBinary(MetricsV2Schema, stats.value);
    return { pids: pids?.current, cpuNanos: cpu && cpu.usageUsec * 1000n };
  }
  const { pids, cpu } = fromBinary(MetricsV1Schema, stats.value);
  return { pids: pids?.current, cpuNanos: cpu?.usage?.total };
}

function commandLine(pid: number): string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}

/** A process that has ended stays in /proc until its parent has looked at it. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false; // it has ended, perhaps between opening and reading
  }
}

describe.skipIf(missing.length > 0)(title, () => {
  let containerd: Containerd;
  let client: TtrpcClient;

  beforeAll(async () => {
    containerd = await Containerd.start();
    await containerd.startContainer(id, command);
    client = new TtrpcClient(connect(containerd.shimSocketPath(id)));
    const { taskPid } = await client.unary(Task.method.connect, { id });
    // "Running" begins a moment before runc's own process becomes the container's program.
    await vi.waitFor(() => expect(commandLine(taskPid)).toEqual(command), EFFECT_MS);
  }, TIMEOUT_MS);

  afterAll(async () => {
    client?.close();
    await containerd?.stop();
  }, TIMEOUT_MS);

  it('responds to Connect with the pids of shim and container', async () => {
    const { shimPid, taskPid } = await client.unary(Task.method.connect, { id });
    expect(commandLine(shimPid)[0]).toMatch(/containerd-shim-runc-v2$/);
    expect(commandLine(taskPid)).toEqual(command);
  });

  it('responds to State with a running task in its bundle', async () => {
    const state = await client.unary(Task.method.state, { id }, { timeoutMs: EFFECT_MS });
    expect(state).toMatchObject({ id, status: TaskStatus.RUNNING, exitStatus: 0, terminal: false });
    expect(state.bundle.startsWith(containerd.rootPath)).toBe(true);
  });

  it('responds to Pids with the one process of the container', async () => {
    const { taskPid } = await client.unary(Task.method.connect, { id });
    const { processes } = await client.unary(Task.method.pids, { id });
    expect(processes.map(({ pid }) => pid)).toEqual([taskPid]);
  });

  it('responds to Stats with the statistics of the cgroup', async () => {
    const { stats } = await client.unary(Task.method.stats, { id });
    const { pids, cpuNanos } = readCgroupMetrics(stats!);
    expect(pids).toBe(1n);
    expect(cpuNanos).toBeGreaterThan(0n);
  });

  it('responds to many calls at once over one connection, each with its own response', async () => {
    const kinds = Array.from({ length: 60 }, (_, index) => index % 3);
    const names = await Promise.all(
      kinds.map(async (kind) => {
        if (kind === 0) {
          return (await client.unary(Task.method.state, { id })).$typeName;
        }
        if (kind === 1) {
          return (await client.unary(Task.method.pids, { id })).$typeName;
        }
        return (await client.unary(Task.method.stats, { id })).$typeName;
      }),
    );
    const expected = ['StateResponse', 'PidsResponse', 'StatsResponse'];
    expect(names).toEqual(kinds.map((kind) => `containerd.task.v2.${expected[kind]}`));
  });

  it('responds with NOT_FOUND for the id of a container it does not have', async () => {
    await expect(client.unary(Task.method.state, { id: 'absent' })).rejects.toMatchObject({
      code: Code.notFound,
      origin: 'peer',
      method: 'containerd.task.v2.Task/State',
    });
  });

  it('responds with NOT_FOUND for the id of a process it does not have', async () => {
    await expect(client.unary(Task.method.state, { id, execId: 'absent' })).rejects.toMatchObject({
      code: Code.notFound,
      origin: 'peer',
    });
  });

  it('responds with UNIMPLEMENTED to a service that it does not know', async () => {
    await expect(client.unary(AgentService.method.getMetrics, {})).rejects.toMatchObject({
      code: Code.unimplemented,
      origin: 'peer',
      method: 'grpc.AgentService/GetMetrics',
    });
  });

  it('continues to respond after all that', async () => {
    expect(await client.unary(Task.method.state, { id })).toMatchObject({ status: TaskStatus.RUNNING });
  });

  // The last: it ends the shim that the others talk to.
  it(
    'fails the call under way when the shim ends with its container',
    async () => {
      const { shimPid } = await client.unary(Task.method.connect, { id });
      const socketPath = containerd.shimSocketPath(id);
      await containerd.removeContainer(id);
      expect(await client.closed).toMatchObject({ code: Code.unavailable });
      await expect(client.unary(Task.method.state, { id })).rejects.toMatchObject({ code: Code.unavailable });
      await vi.waitFor(() => expect([isRunning(shimPid), existsSync(socketPath)]).toEqual([false, false]), EFFECT_MS);
    },
    TIMEOUT_MS,
  );
});
