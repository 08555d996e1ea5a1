/**
 * Runs a container of a rendered pod spec by runc, as a kubelet would: its command, arguments, user, capabilities, read-only
 * root, mounts of host paths and Secrets, and memory limit. For tests of deploy/. Not carried out: images (the root holds
 * Node.js of this project and its source, read-only, as /usr/bin/kata-monitor), the pod's network (that of the machine is
 * used), seccomp and SELinux. The root of a built image can be given in the place of that root.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const projectPath = join(import.meta.dirname, '../..');

export interface PodContainer {
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface PodVolume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly secret?: { readonly secretName: string; readonly defaultMode: number };
}

export interface BundleOptions {
  readonly container: PodContainer;
  readonly volumes: readonly PodVolume[];
  /** A new folder for bundle and Secrets. */
  readonly folder: string;
  /** What stands for a path of the node here. */
  readonly hostPaths: Readonly<Record<string, string>>;
  /** Paths in the pod that it may write to. Default: none. */
  readonly writablePaths?: readonly string[];
  /** Files of each Secret, by its name. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The content of an image. Default: Node.js of this project and its source. */
  readonly imageRoot?: string;
  /** crun runs without its own cgroup, and so without the memory limit. */
  readonly runtime?: 'crun' | 'runc';
}

export interface RunningPod {
  readonly child: ChildProcess;
  readonly log: () => string;
  /** Bytes, of the whole cgroup, as runc reads them. */
  readMemory(): Promise<{ readonly peak: number; readonly limit: number }>;
  /** Capabilities and user of its first process, as lines of /proc/<pid>/status. */
  readStatus(): Promise<string>;
  stop(): Promise<void>;
}

interface RuncStats {
  readonly data: {
    readonly memory: { readonly usage: { readonly max?: number; readonly usage: number; readonly limit: number } };
  };
}

/** crun rejects a machine that mounts cgroups of both versions, so it is shown only those of the second. */
const ONLY_SECOND_CGROUPS =
  'umount --recursive --lazy /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"';
const commandOf = {
  runc: ['runc'],
  crun: ['unshare', '--mount', 'sh', '-c', ONLY_SECOND_CGROUPS, 'crun'],
} as const satisfies Readonly<Record<string, readonly [string, ...string[]]>>;

const units: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

function toBytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)([KMG]i)$/.exec(quantity) ?? [];
  if (amount === undefined || unit === undefined) {
    throw new RangeError(`Cannot read quantity "${quantity}"`);
  }
  return Number(amount) * units[unit]!;
}

export async function runPodContainer(options: BundleOptions): Promise<RunningPod> {
  const { container, folder, imageRoot, runtime = 'runc' } = options;
  const root = imageRoot ?? join(folder, 'rootfs');
  if (imageRoot === undefined) {
    await makeRoot(root);
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(await toSpec(options, root)));
  const id = `kata-pod-${randomBytes(6).toString('hex')}`;
  const [file, ...first] = commandOf[runtime];
  const child = spawn(file, [...first, 'run', '--bundle', folder, id], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => (log += String(piece)));
  }
  const exited = once(child, 'exit');
  return {
    child,
    log: () => `${container.command.join(' ')}\n${log}`,
    readMemory: async () => {
      const { stdout } = await run('runc', ['events', '--stats', id]);
      const { usage } = (JSON.parse(stdout) as RuncStats).data.memory;
      return { peak: Math.max(usage.max ?? 0, usage.usage), limit: usage.limit };
    },
    readStatus: async () => {
      const { stdout } = await run(file, [...first, 'state', id]);
      return readFile(`/proc/${(JSON.parse(stdout) as { pid: number }).pid}/status`, 'utf8');
    },
    stop: async () => {
      await run(file, [...first, 'kill', id, 'TERM']).catch(() => undefined); // it may have ended by itself
      await exited;
    },
  };
}

async function makeRoot(root: string): Promise<void> {
  for (const path of ['usr/bin', 'usr/lib', 'usr/local/bin', 'app', 'proc', 'dev', 'etc', 'run']) {
    await mkdir(join(root, path), { recursive: true });
  }
  await symlink('usr/lib', join(root, 'lib'));
  await symlink('usr/lib64', join(root, 'lib64'));
  await mkdir(join(root, 'usr/lib64'));
  const program = join(root, 'usr/bin/kata-monitor');
  await writeFile(program, "#!/usr/local/bin/node\nimport '/app/src/bin/kata-monitor.ts';\n");
  await chmod(program, 0o755);
  await writeFile(join(root, 'usr/local/bin/node'), '');
}

function bind(source: string, destination: string, ...more: string[]) {
  return { type: 'bind', source, destination, options: ['rbind', 'ro', ...more] };
}

async function listProgramMounts() {
  return [
    bind('/usr/lib', '/usr/lib'),
    bind(await realpath('/lib64'), '/usr/lib64'),
    bind(await realpath(join(projectPath, 'node_modules/node/bin/node')), '/usr/local/bin/node'),
    bind(projectPath, '/app'),
  ];
}

async function toSpec(
  { container, volumes, folder, hostPaths, writablePaths = [], secrets, imageRoot, runtime }: BundleOptions,
  root: string,
): Promise<object> {
  const { securityContext: security } = container;
  const mounts = await Promise.all(
    container.volumeMounts.map(async ({ name, mountPath, readOnly }) => {
      const isWritable = readOnly !== true;
      if (isWritable && !writablePaths.includes(mountPath)) {
        throw new RangeError(`Mount "${name}" is not read-only`);
      }
      const { hostPath, secret } = volumes.find((volume) => volume.name === name)!;
      if (secret !== undefined) {
        const source = join(folder, name);
        await mkdir(source);
        for (const [file, text] of Object.entries(secrets[secret.secretName] ?? {})) {
          await writeFile(join(source, file), text, { mode: secret.defaultMode });
        }
        return bind(source, mountPath);
      }
      const source = hostPaths[hostPath!.path] ?? hostPath!.path;
      return isWritable ? { ...bind(source, mountPath), options: ['rbind'] } : bind(source, mountPath, 'rslave');
    }),
  );
  const capabilities = (security.capabilities.add ?? []).map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: security.runAsUser, gid: security.runAsGroup },
      args: [...container.command, ...container.args],
      env: ['PATH=/usr/bin:/usr/local/bin'],
      cwd: '/',
      noNewPrivileges: !security.allowPrivilegeEscalation,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: root, readonly: security.readOnlyRootFilesystem },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...(imageRoot === undefined ? await listProgramMounts() : []),
      ...mounts,
    ],
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }],
      ...(runtime === 'crun' ? {} : { resources: { memory: { limit: toBytes(container.resources.limits.memory) } } }),
    },
  };
}
