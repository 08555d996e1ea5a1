/**
 * A private containerd with its own directories and namespace, for system tests that need real containers.
 * Started and stopped by the test; leaves no process, mount, cgroup or directory behind.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type Dirent,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { BUSYBOX_IMAGE_NAME, makeBusyboxImage } from './busybox-image.ts';
import { waitForCriImages } from './cri-images.ts';

const run = promisify(execFile);

/** Where containerd keeps what it makes over CRI. */
const CRI_NAMESPACE = 'k8s.io';
/** containerd has long stopped by itself by then, on a busy machine too, unless it hangs. */
const STOP_TIMEOUT_MS = 60_000;

export class Containerd {
  /** Every file of this containerd is below it. */
  readonly rootPath: string;
  /** containerd's own word for a set of containers. */
  readonly namespace: string;
  #process: ChildProcess;
  readonly #containerIds = new Set<string>();

  private constructor(rootPath: string, namespace: string, process: ChildProcess) {
    this.rootPath = rootPath;
    this.namespace = namespace;
    this.#process = process;
  }

  /** Resolves when it serves and has the busybox image; with CRI, that image is the pods' own too. */
  static async start({ hasCri = false } = {}): Promise<Containerd> {
    const rootPath = mkdtempSync(join(tmpdir(), 'containerd-'));
    writeFileSync(join(rootPath, 'config.toml'), makeConfig(rootPath, hasCri));
    const namespace = hasCri ? CRI_NAMESPACE : `kata-metrics-test-${randomBytes(4).toString('hex')}`;
    const containerd = new Containerd(rootPath, namespace, spawnContainerd(rootPath));
    try {
      await waitForLine(containerd.#process, `address=${containerd.socketPath}`);
      await containerd.ctr('image', 'import', '--snapshotter', 'native', makeBusyboxImage(rootPath));
      if (hasCri) {
        await waitForCriImages(containerd.socketPath, [BUSYBOX_IMAGE_NAME]);
      }
    } catch (error) {
      await containerd.stop();
      throw error;
    }
    return containerd;
  }

  get socketPath(): string {
    return join(this.rootPath, 'containerd.sock');
  }

  /** Where its shims connect to tell what happens. A test may put its own server in the place of containerd's. */
  get eventSocketPath(): string {
    return `${this.socketPath}.ttrpc`;
  }

  /** Runs containerd's command line client and gives its output. */
  async ctr(...args: string[]): Promise<string> {
    const { stdout } = await run('ctr', ['--address', this.socketPath, '--namespace', this.namespace, ...args]);
    return stdout;
  }

  /** Starts a container; resolves when its first process runs. */
  async startContainer(id: string, command: readonly string[]): Promise<void> {
    this.#containerIds.add(id);
    await this.ctr('run', '--detach', '--snapshotter', 'native', BUSYBOX_IMAGE_NAME, id, ...command);
  }

  /** The first process of a container. */
  async readTaskPid(id: string): Promise<number> {
    const [, pid] = new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(await this.ctr('task', 'ls')) ?? [];
    return Number(pid);
  }

  /** Path of the ttrpc socket of a container's shim. */
  shimSocketPath(id: string): string {
    const address = readFileSync(join(this.#bundlePath(id), 'address'), 'utf8');
    return address.trim().replace('unix://', '');
  }

  /** Kills a container and removes it; its shim ends with it. */
  async removeContainer(id: string): Promise<void> {
    await this.ctr('task', 'delete', '--force', id);
    await this.ctr('container', 'delete', id);
    this.#containerIds.delete(id);
  }

  /** Removes the containers that are left, ends containerd, and takes away what it leaves. */
  async stop(): Promise<void> {
    try {
      for (const id of [...this.#containerIds]) {
        await this.removeContainer(id);
      }
    } finally {
      await this.#endProcess();
      rmSync(this.rootPath, { recursive: true, maxRetries: 10 });
      // runc removes what belongs to the container, perhaps a moment later, and leaves what belongs to the namespace.
      for (const path of globSync(`{/run/containerd/runc,/sys/fs/cgroup{,/*}}/${this.namespace}`)) {
        await vi.waitFor(() => removeOwnDirectory(path, this.namespace), STOP_TIMEOUT_MS);
      }
    }
  }

  /** Ends containerd alone: its containers run on. */
  async suspend(): Promise<void> {
    await this.#endProcess();
  }

  /** Starts it again over what it left. */
  async resume(): Promise<void> {
    this.#process = spawnContainerd(this.rootPath);
    await waitForLine(this.#process, `address=${this.socketPath}`);
    if (this.namespace === CRI_NAMESPACE) {
      await waitForCriImages(this.socketPath, [BUSYBOX_IMAGE_NAME]);
    }
  }

  async #endProcess(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
      return;
    }
    const exited = once(this.#process, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT_MS) });
    this.#process.kill('SIGTERM');
    await exited;
  }

  #bundlePath(id: string): string {
    return join(this.rootPath, 'state/io.containerd.runtime.v2.task', this.namespace, id);
  }
}

function spawnContainerd(rootPath: string): ChildProcess {
  return spawn('containerd', ['-c', join(rootPath, 'config.toml')], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function makeConfig(rootPath: string, hasCri: boolean): string {
  return [
    'version = 2',
    `root = "${rootPath}/root"`,
    `state = "${rootPath}/state"`,
    ...(hasCri ? [] : ['disabled_plugins = ["io.containerd.grpc.v1.cri"]']),
    '[grpc]',
    `  address = "${rootPath}/containerd.sock"`,
    '[ttrpc]',
    `  address = "${rootPath}/containerd.sock.ttrpc"`,
    ...(hasCri
      ? [
          '[plugins."io.containerd.grpc.v1.cri"]',
          `  sandbox_image = "${BUSYBOX_IMAGE_NAME}"`,
          '  restrict_oom_score_adj = true',
          '[plugins."io.containerd.grpc.v1.cri".containerd]',
          '  snapshotter = "native"',
        ]
      : []),
    '',
  ].join('\n');
}

/** Resolves when a line of stderr ends with `ending`; rejects with all of stderr if the process ends before. */
function waitForLine(process: ChildProcess, ending: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').some((line) => line.endsWith(ending))) {
        resolve();
      }
    });
    process.once('error', reject);
    process.once('exit', () => reject(new Error(`containerd ended before it served:\n${text}`)));
  });
}

/** CRI has one namespace for all: what another containerd, or a run that was killed, has in its directory stays, and so does it. */
function removeOwnDirectory(path: string, namespace: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isGone = code === 'ENOENT';
    if (!isGone && !(namespace === CRI_NAMESPACE && readdirSync(path, { withFileTypes: true }).some(isDirectory))) {
      throw error;
    }
  }
}

const isDirectory = (entry: Dirent): boolean => entry.isDirectory();
