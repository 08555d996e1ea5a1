/**
 * Containers in a guest, made by calls to its agent as a runtime makes them, but without one: for tests of the agent alone.
 * Programs are those of the guest itself: /bin is mounted into every container.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { AgentClient } from '../../src/runtime/agent-client.ts';
import type { ContainerService } from '../../src/runtime-proto/index.ts';
import type { Address } from '../../src/transport/index.ts';

type CreateInit = MessageInitShape<typeof ContainerService.method.createContainer.input>;
export type SpecInit = NonNullable<CreateInit['oci']>;
/** The fields that these tests set; each other one has its default. */
export interface ProcessInit {
  readonly args: string[];
  readonly cwd?: string;
  readonly env?: string[];
  readonly user?: { readonly uid: number; readonly gid: number; readonly additionalGids?: number[] };
  readonly rlimits?: { readonly type: string; readonly soft: bigint; readonly hard: bigint }[];
  readonly terminal?: boolean;
}
type LinuxInit = NonNullable<SpecInit['linux']>;

export interface ContainerInit {
  readonly args: readonly string[];
  readonly hasTerminal?: boolean;
  readonly resources?: LinuxInit['resources'];
  /** Sees the processes and the cgroups of the guest, and may do everything with them. Default: it may not. */
  readonly isPrivileged?: boolean;
  /** Sees the processes of others for which this is true. */
  readonly hasSharedPids?: boolean;
}

export interface ProcessEnd {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const READ_BYTES = 64 * 1024;
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_PTRACE'];

export const sh = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];

export class AgentContainers {
  readonly agent: AgentClient;

  private constructor(agent: AgentClient) {
    this.agent = agent;
  }

  /** `address`: of the agent's port for a runtime. */
  static async connect(address: Address): Promise<AgentContainers> {
    return new AgentContainers(await AgentClient.connect({ address, onRpc: () => undefined }));
  }

  /** The container is there, and its first process waits to be started. */
  async create(id: string, init: ContainerInit): Promise<void> {
    await this.agent.call('createContainer', makeRequest(id, init));
  }

  /** Made and started. */
  async start(id: string, init: ContainerInit): Promise<void> {
    await this.create(id, init);
    await this.agent.call('startContainer', { containerId: id });
  }

  /** From its creation to its removal. */
  async run(id: string, init: ContainerInit): Promise<ProcessEnd> {
    await this.start(id, init);
    const end = await this.collect(id);
    await this.remove(id);
    return end;
  }

  /** Runs a further process to its end, without input unless there is some. */
  async exec(id: string, execId: string, process: ProcessInit, input?: Uint8Array): Promise<ProcessEnd> {
    await this.startExec(id, execId, process);
    const writing = this.#writeAll(id, execId, input);
    const end = await this.collect(id, execId);
    await writing;
    return end;
  }

  async startExec(id: string, execId: string, process: ProcessInit): Promise<void> {
    await this.agent.call('execProcess', { containerId: id, execId, process: { ...defaultProcess(), ...process } });
  }

  /** Output and status, when both are known. */
  async collect(containerId: string, execId = containerId): Promise<ProcessEnd> {
    const [stdout, stderr, { status }] = await Promise.all([
      this.readToEnd('readStdout', containerId, execId),
      this.readToEnd('readStderr', containerId, execId),
      this.agent.wait('waitProcess', { containerId, execId }),
    ]);
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  async readToEnd(name: 'readStderr' | 'readStdout', containerId: string, execId = containerId): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const { data } = await this.agent.wait(name, { containerId, execId, len: READ_BYTES });
      if (data.length === 0) {
        return Buffer.concat(pieces);
      }
      pieces.push(data);
    }
  }

  /** Reads until the text has come, and gives everything that was read. Rejects when the output ends before. */
  async readUntil(text: string, containerId: string, execId = containerId): Promise<string> {
    let all = '';
    while (!all.includes(text)) {
      const { data } = await this.agent.wait('readStdout', { containerId, execId, len: READ_BYTES });
      if (data.length === 0) {
        throw new Error(`The output has ended without "${text}": ${all}`);
      }
      all += Buffer.from(data).toString();
    }
    return all;
  }

  async write(containerId: string, text: string): Promise<void> {
    await this.agent.wait('writeStdin', { containerId, execId: containerId, data: Buffer.from(text) });
  }

  async remove(containerId: string): Promise<void> {
    await this.agent.call('removeContainer', { containerId });
  }

  async #writeAll(containerId: string, execId: string, input: Uint8Array | undefined): Promise<void> {
    if (input !== undefined) {
      await this.agent.wait('writeStdin', { containerId, execId, data: input });
    }
    await this.agent.call('closeStdin', { containerId, execId });
  }
}

function makeRequest(id: string, init: ContainerInit): CreateInit {
  return {
    containerId: id,
    execId: id,
    storages: [{ driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs', mountPoint: `/run/roots/${id}` }],
    oci: makeSpec(id, init),
    sandboxPidns: init.hasSharedPids ?? false,
  };
}

function defaultProcess(): Omit<ProcessInit, 'args'> {
  return { cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
}

export function makeSpec(id: string, { args, hasTerminal = false, resources, isPrivileged }: ContainerInit): SpecInit {
  const all = isPrivileged ? CAPABILITIES : [];
  const capabilities = { bounding: all, effective: all, permitted: all };
  return {
    version: '1.0.2',
    process: { ...defaultProcess(), args: [...args], terminal: hasTerminal, capabilities },
    root: { path: `/run/roots/${id}` },
    mounts: [
      { destination: '/proc', source: 'proc', type: 'proc' },
      { destination: '/dev', source: 'tmpfs', type: 'tmpfs', options: ['mode=755'] },
      { destination: '/dev/pts', source: 'devpts', type: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
      { destination: '/dev/shm', source: 'shm', type: 'tmpfs', options: ['mode=1777'] },
      { destination: '/bin', source: '/bin', type: 'bind', options: ['bind', 'ro'] },
      ...(isPrivileged ? [{ destination: '/cgroup', source: '/sys/fs/cgroup', type: 'bind', options: ['bind'] }] : []),
    ],
    linux: {
      cgroupsPath: `/kata/${id}`,
      // Without a path, the agent gives it a separate one.
      namespaces: [
        ...['ipc', 'mount', 'uts'].map((type) => ({ type })),
        ...(isPrivileged ? [{ type: 'pid', path: '/proc/1/ns/pid' }] : []),
      ],
      ...(resources && { resources }),
    },
  };
}
