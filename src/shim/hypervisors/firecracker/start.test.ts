import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FirecrackerApiServer, startFirecrackerApi } from '../../../../test/support/firecracker-api.ts';
import { waitUntil } from '../../../../test/support/processes.ts';
import type { Log } from '../../../program/index.ts';
import { type Guard, startGuard } from '../../processes/guard.ts';
import { openSandboxDirectory, type SandboxDirectory } from '../../sandbox-directory.ts';
import type { Hypervisor, HypervisorContext } from '../hypervisor.ts';
import { attachFirecracker } from './attach.ts';
import { type FirecrackerOptions, startFirecracker } from './start.ts';

const support = join(import.meta.dirname, '../../../../test/support/firecracker-api.ts');

let folder: string;
let directory: SandboxDirectory;
let logged: string[];
let pids: number[];
let opened: Hypervisor[];
let context: HypervisorContext;
let guard: Guard | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  directory = await openSandboxDirectory(join(folder, 'sbs'), 'vm');
  logged = [];
  pids = [];
  opened = [];
  const log = (message: string): void => {
    logged.push(message);
  };
  context = {
    directory,
    log: { debug: log, info: log, warn: log, error: log } satisfies Log,
    onProcess: (pid) => pids.push(pid),
    onWorkload: () => undefined,
    hasCgroup: false,
    startGuard: (leftovers) => {
      guard = startGuard({ marker: directory.path, leftovers });
      return guard;
    },
  };
});

afterEach(async () => {
  await Promise.all(opened.map((hypervisor) => hypervisor.stop()));
  await guard?.end();
  guard = undefined;
  await rm(folder, { recursive: true });
});

/** A program that the shim takes for Firecracker. */
async function makeProgram(script: string): Promise<string> {
  const path = join(folder, 'firecracker');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o700);
  return path;
}

const asFirecracker = `exec '${process.execPath}' '${support}' "$@"`;

async function options(script: string): Promise<FirecrackerOptions> {
  const kernelPath = join(folder, 'vmlinux');
  await writeFile(kernelPath, '\x7fELF');
  return {
    program: await makeProgram(script),
    kernelPath,
    initrdPath: join(folder, 'initrd'),
    memoryMib: 256,
    cpus: 2,
    kernelArguments: ['quiet'],
  };
}

async function start(script: string): Promise<Hypervisor> {
  const hypervisor = await startFirecracker(await options(script), context);
  opened.push(hypervisor);
  return hypervisor;
}

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);

async function readValue(hypervisor: Hypervisor, name: string): Promise<string | undefined> {
  const families = await Promise.all(hypervisor.collectors.map((collector) => collector.collect(undefined)));
  const sample = families.flat().find((family) => family.name === name)?.samples[0];
  return sample && String(sample.value);
}

describe('startFirecracker', () => {
  it('boots by the API, and knows who runs', async () => {
    const hypervisor = await start(asFirecracker);
    expect(hypervisor).toMatchObject({
      identity: { hypervisor: 'firecracker', version: '1.17.0', accelerator: 'kvm' },
      agentAddress: { kind: 'hvsock', path: join(directory.path, 'fc-vsock.sock'), port: 1024 },
      guestUse: { kind: 'agent' },
    });
    expect(pids).toEqual([hypervisor.pid]);
    expect(readFileSync(`/proc/${hypervisor.pid}/cmdline`, 'utf8')).toContain(join(directory.path, 'fc-api.sock'));
    expect(logged).toEqual(['Firecracker 1.17.0 runs the guest, 2 CPUs, 256 MiB']);
  });

  it('sets the machine up before it starts it, as the schema wants it', async () => {
    const calls = join(folder, 'calls');
    await start(`CALLS='${calls}' ${asFirecracker}`);
    expect(readFileSync(calls, 'utf8').trim().split('\n')).toEqual([
      'GET /',
      'GET /version',
      `PUT /metrics {"metrics_path":"${join(directory.path, 'fc-metrics.fifo')}"}`,
      'PUT /machine-config {"vcpu_count":2,"mem_size_mib":256}',
      expect.stringMatching(
        /^PUT \/boot-source \{"kernel_image_path":".*vmlinux","initrd_path":".*initrd","boot_args":"console=ttyS0 .* quiet"\}$/,
      ),
      `PUT /vsock {"guest_cid":3,"uds_path":"${join(directory.path, 'fc-vsock.sock')}"}`,
      'PUT /actions {"action_type":"InstanceStart"}',
    ]);
  });

  it('reads its metrics from the FIFO that it has made', async () => {
    const hypervisor = await start(asFirecracker);
    expect(await readValue(hypervisor, 'kata_firecracker_net')).toBe('1');
    expect(await readValue(hypervisor, 'kata_firecracker_api_server')).toBe('42');
  });

  it('leaves nothing', async () => {
    const hypervisor = await start(asFirecracker);
    await hypervisor.stop();
    await hypervisor.stop();
    expect(await hypervisor.ended).toEqual({ reason: 'Firecracker ended with code 0', isFailure: false });
    expect(isRunning(hypervisor.pid)).toBe(false);
    expect(await readdir(directory.path)).toEqual([]);
  });

  it('says when Firecracker has ended by itself', async () => {
    const hypervisor = await start(asFirecracker);
    process.kill(hypervisor.pid, 'SIGKILL');
    expect(await hypervisor.ended).toEqual({ reason: 'Firecracker was ended by SIGKILL', isFailure: true });
  });

  it('ends one that an earlier shim has left', async () => {
    const first = await start(asFirecracker);
    const second = await start(asFirecracker);
    await first.ended;
    await waitUntil(() => !isRunning(first.pid));
    expect(isRunning(second.pid)).toBe(true);
    expect(logged).toContain('Ended the virtual machine of an earlier shim of this sandbox');
  });

  it.each([
    [
      'ends at once',
      'echo "no KVM here" >&2; exit 7',
      'Cannot start the guest: Firecracker ended with code 7: no KVM here',
    ],
    ['refuses', `exec '${process.execPath}' '${support}' "$@" # refuses`, /: 400, The vCPU number is invalid!/],
  ])('fails with the reason of one that %s, and leaves nothing', async (kind, script, message) => {
    const good = await options(script);
    const bad = kind === 'refuses' ? { ...good, cpus: 99 } : good;
    await expect(startFirecracker(bad, context)).rejects.toThrow(message);
    expect(await readdir(directory.path)).toEqual([]);
    expect(pids.filter(isRunning)).toEqual([]);
  });

  it('fails where there is no Firecracker', async () => {
    const missing = { ...(await options('')), program: join(folder, 'none') };
    await expect(startFirecracker(missing, context)).rejects.toThrow(/^Cannot start ".*none": .*ENOENT/);
    expect(await readdir(directory.path)).toEqual([]);
  });
});

describe('attachFirecracker', () => {
  let server: FirecrackerApiServer | undefined;

  afterEach(() => server?.close());

  const agentAddress = { kind: 'hvsock', path: '/vm/v.sock', port: 1024 } as const;

  it('reads the metrics of one that runs, and does not end it', async () => {
    const apiSocketPath = join(folder, 'api.sock');
    const metricsPath = join(folder, 'metrics.json');
    await writeFile(metricsPath, '');
    server = await startFirecrackerApi({ socketPath: apiSocketPath, running: { metricsPath } });
    server.setGroups({ vmm: { panic_count: 2 } });
    const hypervisor = await attachFirecracker(
      { hypervisorPid: process.pid, agentAddress, apiSocketPath, metricsPath },
      context,
    );
    opened.push(hypervisor);
    expect(hypervisor).toMatchObject({ pid: process.pid, agentAddress, identity: { version: '1.17.0' } });
    expect(await readValue(hypervisor, 'kata_firecracker_vmm')).toBe('2');
    await hypervisor.stop();
    expect(server.calls).toEqual(['GET /version', 'PUT /actions {"action_type":"FlushMetrics"}']);
  });

  it('does without an API that is not there, and without metrics', async () => {
    const apiSocketPath = join(folder, 'none.sock');
    const hypervisor = await attachFirecracker(
      { hypervisorPid: process.pid, agentAddress, apiSocketPath, metricsPath: undefined },
      context,
    );
    opened.push(hypervisor);
    expect(hypervisor.identity.version).toBeUndefined();
    expect(hypervisor.collectors).toEqual([]);
    expect(logged).toEqual([expect.stringMatching(/^Firecracker request "GET \/version" failed/)]);
  });
});
