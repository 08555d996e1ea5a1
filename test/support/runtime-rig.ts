/**
 * A private containerd whose runtime "kata" is ours, built from the sources as they are now, with CRI and its own
 * network. For system tests; `close` says what is left on the machine, which has to be nothing.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundleRuntime } from '../../scripts/bundle-runtime.ts';
import { quoteForShell } from '../../src/shim/index.ts';
import { nameOfCgroup } from '../../src/shim/overhead/sandbox-cgroup.ts';
import { BUSYBOX_IMAGE_NAME, makeBusyboxImage } from './busybox-image.ts';
import { waitForCriImages } from './cri-images.ts';
import { createMark, type MarkedProcess } from './marked-processes.ts';
import { waitUntil } from './processes.ts';
import { provideGuest } from './provide-guest.ts';
import { missingPackages } from './requirements.ts';
import { runProgram } from './run-program.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** What is left on the machine: zero of everything when all was cleaned up. */
export interface Leftovers {
  readonly processes: number;
  readonly mounts: number;
  readonly namespaces: number;
  readonly cgroups: number;
  readonly sockets: number;
}

/** One pod among others, and where to look for what is left of it. */
export interface TrackedPod {
  readonly id: string;
  /** Where its network namespace is mounted; none: it has no separate one. */
  readonly namespaces: readonly string[];
  readonly shimSocketPath: string;
}

export const NO_LEFTOVERS: Leftovers = { processes: 0, mounts: 0, namespaces: 0, cgroups: 0, sockets: 0 };

export type ProgramOfPod = 'qemu-system' | 'virtiofsd';

/** Of a second runtime, which the sandbox service starts. */
const RUNTIME_LINES: readonly string[] = [
  '  runtime_type = "io.containerd.kata.v2"',
  '  pod_annotations = ["io.katacontainers.*"]',
  '  privileged_without_host_devices = true',
];

/** Of containers and pods in virtual machines, with any containerd. */
const PACKAGES = [
  'busybox-static',
  'erofs-utils',
  'qemu-system-common',
  'qemu-system-x86',
  'binutils',
  'containernetworking-plugins',
  'iproute2',
];

/** What is missing here for a rig with Debian's containerd, or with another one; empty when it can be started. */
export function missingForRuntime({ hasOtherContainerd = false, more = [] as readonly string[] } = {}): string[] {
  const missing = missingPackages([...(hasOtherContainerd ? [] : ['containerd']), ...PACKAGES, ...more]);
  return process.getuid?.() === 0 ? missing : [...missing, 'root'];
}

/** Our shim for a containerd of version 2 that speaks version 2 of the shim's protocol: its `start` gives a plain address. */
const VERSION_2_SHIM = `#!/bin/sh
for action; do :; done
[ "$action" = start ] || exec containerd-shim-kata-v2 "$@"
response=$(containerd-shim-kata-v2 "$@") || exit
printf %s "$response" | sed 's/.*"address":"\\([^"]*\\)".*/\\1/'
`;

/** On a machine with other work. */
const START_TIMEOUT_MS = 120_000;
/** Of the folders of all rigs. */
const FOLDER_PREFIX = 'rt-';
/** Of last words; a monitor that has ended leaves it for the next one. */
const MAILBOX = '.last-words';
/** Where the launcher of the runtime makes the sockets of shims. */
const SHIM_SOCKETS_PATH = '/run/kata-metrics';
const WORKER_COUNT = 16;
const NETWORKS_OF_WORKER = 256 / WORKER_COUNT;
const LOOK_MS = 100;
/** Of what cleans up after pods, before it is ended. */
const CLEAN_UP_TIMEOUT_MS = 10_000;
/** How long the end of a process may take on a busy machine. */
const END_TIMEOUT_MS = 60_000;

export class RuntimeRig {
  readonly rootPath: string;
  readonly sandboxesPath: string;
  readonly cgroupName: string;
  readonly #bridge: string;
  readonly #isVersion2: boolean;
  readonly #env: NodeJS.ProcessEnv;
  readonly #list: () => MarkedProcess[];
  /** Sockets of shims that other runtimes, or a run that was killed, have left on this machine. */
  readonly #socketsBefore: ReadonlySet<string>;
  readonly #images = new Set<string>();
  #containerd: ChildProcess | undefined;

  private constructor(rootPath: string, version2Path: string | undefined) {
    const mark = createMark();
    const word = randomBytes(3).toString('hex');
    this.rootPath = rootPath;
    this.#isVersion2 = version2Path !== undefined;
    this.sandboxesPath = join(rootPath, 'sbs');
    this.cgroupName = `kata-test-${word}`;
    this.#socketsBefore = new Set(this.#findIdleSockets());
    this.#bridge = `kt${word}`;
    this.#list = mark.list;
    this.#env = {
      ...process.env,
      ...mark.env,
      PATH: `${join(rootPath, 'bin')}:${version2Path === undefined ? '' : `${version2Path}:`}/usr/sbin:/usr/bin:/sbin:/bin`,
      KATA_METRICS_SANDBOXES: this.sandboxesPath,
    };
  }

  /**
   * Builds the runtime and the guest, and starts containerd: Debian's, or of version 2 with its programs in `folderPath`. Takes
   * some seconds when nothing has changed. `diskMib`: all images and writable layers have no more space than that.
   */
  static async start(
    version2?: { readonly folderPath: string },
    { diskMib }: { readonly diskMib?: number } = {},
  ): Promise<RuntimeRig> {
    const rig = new RuntimeRig(mkdtempSync(join(tmpdir(), FOLDER_PREFIX)), version2?.folderPath);
    try {
      if (diskMib !== undefined) {
        const path = join(rig.rootPath, 'root');
        mkdirSync(path);
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}M`, 'disk', path]);
      }
      const guest = await provideGuest();
      rig.#env['KATA_METRICS_GUEST'] = dirname(guest.kernelPath);
      await bundleRuntime({ outputPath: join(rig.rootPath, 'bin'), nodeProgram: process.execPath });
      if (version2 !== undefined) {
        writeFileSync(join(rig.rootPath, 'bin/containerd-shim-kata2-v2'), VERSION_2_SHIM, { mode: 0o755 });
      }
      rig.#writeConfig();
      await rig.#install(version2 === undefined ? 'containerd' : join(version2.folderPath, 'containerd'));
      await rig.startContainerd();
      await rig.importImage(makeBusyboxImage(rig.rootPath));
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get socketPath(): string {
    return join(this.rootPath, 'c.sock');
  }

  /** For ctr and for CRI. `names`: of the image in it. */
  async importImage(path: string, names: readonly string[] = [BUSYBOX_IMAGE_NAME]): Promise<void> {
    for (const namespace of ['default', 'k8s.io']) {
      await this.expectCtr('-n', namespace, 'image', 'import', ...(this.#isVersion2 ? ['--local'] : []), path);
    }
    await waitForCriImages(this.socketPath, names);
    names.forEach((name) => void this.#images.add(name));
  }

  async startContainerd(): Promise<void> {
    const log = join(this.rootPath, 'containerd.log');
    this.#containerd = spawn('/bin/sh', ['-c', `exec containerd -c config.toml >>${log} 2>&1`], {
      cwd: this.rootPath,
      env: this.#env,
      stdio: 'ignore',
    });
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while ((await this.ctr(['version'])).code !== 0) {
      if (performance.now() > deadlineMs || this.#containerd.exitCode !== null) {
        throw new Error(`containerd does not serve: ${this.readLog().slice(-2000)}`);
      }
      await pause(LOOK_MS);
    }
    // CRI serves later than the rest.
    await waitForCriImages(this.socketPath, [...this.#images]);
  }

  /** Its shims and their pods stay. */
  async killContainerd(): Promise<void> {
    const process = this.#containerd;
    this.#containerd = undefined;
    if (process !== undefined && process.exitCode === null && process.signalCode === null) {
      const ended = once(process, 'exit');
      process.kill('SIGKILL');
      await ended;
    }
  }

  readLog(): string {
    return readFileSync(join(this.rootPath, 'containerd.log'), 'utf8');
  }

  /** Runs containerd's own client. Never rejects. */
  ctr(args: readonly string[], input = ''): Promise<CommandResult> {
    return this.runProgram('ctr', ['--address', this.socketPath, ...args], input);
  }

  /** Runs a client of containerd. `moreInput`: follows its first output, and then its input has no end. Never rejects. */
  runProgram(
    program: string,
    args: readonly string[],
    input = '',
    { timeoutMs = 170_000, moreInput }: { timeoutMs?: number; moreInput?: string } = {},
  ): Promise<CommandResult> {
    return new Promise((resolve) => {
      const child = execFile(
        program,
        [...args],
        {
          encoding: 'buffer',
          maxBuffer: 64 * 1024 * 1024,
          cwd: this.rootPath,
          env: this.#env,
          timeout: timeoutMs,
          killSignal: 'SIGKILL',
        },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr: stderr.toString() });
        },
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.write(input);
      if (moreInput === undefined) {
        child.stdin?.end();
      } else {
        child.stdout?.once('data', () => child.stdin?.write(moreInput));
      }
    });
  }

  /** Runs it at a terminal; gives what it wrote there. */
  ctrAtTerminal(args: readonly string[]): Promise<string> {
    return this.runAtTerminal(['ctr', '--address', this.socketPath, ...args]);
  }

  /** By script(1), at a terminal of 40 rows and 100 columns. */
  runAtTerminal(words: readonly string[]): Promise<string> {
    const script = `stty rows 40 cols 100; ${words.map(quoteForShell).join(' ')}`;
    return new Promise((resolve, reject) => {
      execFile('script', ['-qec', script, '/dev/null'], { env: this.#env, timeout: 170_000 }, (error, stdout) =>
        error === null ? resolve(stdout) : reject(error),
      );
    });
  }

  /** The same; rejects when it fails. */
  async expectCtr(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ctr(args);
    if (code !== 0) {
      throw new Error(`ctr ${args.join(' ')} failed with ${code}: ${stderr}`);
    }
    return stdout.toString();
  }

  /** `ctr run` with our runtime and the busybox image. */
  run(
    id: string,
    command: readonly string[],
    { flags = ['--rm'], input = '' }: { flags?: string[]; input?: string } = {},
  ) {
    return this.ctr(['run', ...flags, '--runtime', 'io.containerd.kata.v2', BUSYBOX_IMAGE_NAME, id, ...command], input);
  }

  exec(id: string, execId: string, command: readonly string[], input = ''): Promise<CommandResult> {
    return this.ctr(['task', 'exec', '--exec-id', execId, id, ...command], input);
  }

  /** Process ids whose command line has this text. */
  findPids(text: string): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => readOrNothing(`/proc/${name}/cmdline`).includes(text))
      .map(Number)
      .filter((pid) => pid !== process.pid);
  }

  /** Of the sandbox with this id. */
  findShim(id: string): number {
    const [pid] = this.findPids(`-id\0${id}\0`);
    if (pid === undefined) {
      throw new Error(`No shim of "${id}"`);
    }
    return pid;
  }

  /** Of the sandbox with this id, the process whose program is called that. */
  findProcess(id: string, program: ProgramOfPod): number {
    const [pid] = this.findPids(`${this.sandboxesPath}/${id}/`).filter((each) =>
      readOrNothing(`/proc/${each}/cmdline`).split('\0', 1)[0]?.includes(program),
    );
    if (pid === undefined) {
      throw new Error(`No ${program} of "${id}"`);
    }
    return pid;
  }

  /** A pod that runs, for `findLeftoversOf`. */
  trackPod(id: string): TrackedPod {
    const words = readOrNothing(`/proc/${this.findShim(id)}/cmdline`).split('\0');
    const { ino } = statSync(`/proc/${this.findProcess(id, 'qemu-system')}/ns/net`);
    const namespaces = this.#listNamespaces().filter((path) => isInode(path, ino));
    return { id, namespaces, shimSocketPath: words[words.indexOf('-socket') + 1]! };
  }

  /** Waits until nothing of any sandbox is left, or the time is over. */
  findLeftovers(): Promise<Leftovers> {
    return waitForNothing(() => this.count());
  }

  /** The same of one pod, while others run. */
  findLeftoversOf({ id, namespaces, shimSocketPath }: TrackedPod): Promise<Leftovers> {
    return waitForNothing(() => ({
      processes: this.findPids(id).length,
      mounts: countMounts(`${this.sandboxesPath}/${id}`),
      namespaces: namespaces.filter((path) => existsSync(path)).length,
      cgroups: findCgroups(this.cgroupName).filter((path) => path.includes(`/kata-${id}-`)).length,
      sockets: [join(this.sandboxesPath, id), shimSocketPath].filter((path) => existsSync(path)).length,
    }));
  }

  /** What there is now, of pods that run too. */
  count(): Leftovers {
    return {
      processes: this.#list().length - this.#countContainerd(),
      mounts: countMounts(`${this.sandboxesPath}/`),
      namespaces: this.#listNamespaces().length,
      cgroups: findCgroups(this.cgroupName).filter((path) => this.#isOwnCgroup(path) && isIdleCgroup(path)).length,
      sockets:
        readOrEmpty(this.sandboxesPath).filter((name) => name !== MAILBOX).length +
        this.#findIdleSockets().filter((name) => !this.#socketsBefore.has(name)).length,
    };
  }

  /** Another rig's has no process either while its pod is started or removed. The name has a hash of the directory of the sandbox. */
  #isOwnCgroup(path: string): boolean {
    const [name, sandboxId] = /kata-([^/]+)-[0-9a-f]{8}$/.exec(path) ?? [];
    return (
      sandboxId !== undefined &&
      name === nameOfCgroup({ sandboxId, directoryPath: join(this.sandboxesPath, sandboxId) })
    );
  }

  /** Sockets of shims on which no process listens, without those of other rigs, whose containerd has not removed them yet. */
  #findIdleSockets(): string[] {
    const names = readOrEmpty(SHIM_SOCKETS_PATH);
    const ofOthers = globSync(join(tmpdir(), `${FOLDER_PREFIX}*/state/*/*/*/address`))
      .filter((path) => !path.startsWith(`${this.rootPath}/`))
      .map((path) => readOrNothing(path));
    const open = readFileSync('/proc/net/unix', 'utf8');
    return names.filter((name) => {
      const path = join(SHIM_SOCKETS_PATH, name);
      // Looked at last: a shim removes it when it ends.
      return !open.includes(` ${path}\n`) && !ofOthers.some((text) => text.endsWith(path)) && existsSync(path);
    });
  }

  #listNamespaces(): string[] {
    return globSync(join(this.rootPath, 'state/*/netns/cni-*'));
  }

  /** And the clients that a test has started itself are not there any more when it looks. */
  #countContainerd(): number {
    return this.#containerd === undefined ? 0 : 1;
  }

  /** Ends containerd and what a failed test has left, and removes its files, and the cgroup of pods whose parent it was. */
  async close(): Promise<void> {
    await this.killContainerd();
    await this.#endLeftovers();
    // Of mounts in one another, the inner first.
    for (const point of listMountPoints(`${this.rootPath}/`).toReversed()) {
      try {
        execFileSync('umount', ['-l', point], { stdio: 'pipe' });
      } catch (error) {
        // What cleans up after a shim may have been faster.
        if (listMountPoints(`${this.rootPath}/`).includes(point)) {
          throw error;
        }
      }
    }
    rmSync(this.rootPath, { recursive: true, force: true, maxRetries: 10 });
    for (const path of globSync(`/sys/fs/cgroup/{,*/}${this.cgroupName}`)) {
      // The kernel, or a guard, removes cgroups in it a little later than the processes.
      const deadlineMs = performance.now() + CLEAN_UP_TIMEOUT_MS;
      await waitUntil(() => removeCgroup(path, { isLastTry: performance.now() > deadlineMs }));
    }
    if (existsSync(`/sys/class/net/${this.#bridge}`)) {
      execFileSync('ip', ['link', 'delete', this.#bridge]);
    }
  }

  /** Virtual machines of a test that has failed would take the processor from the tests that follow. */
  async #endLeftovers(): Promise<void> {
    // What cleans up after pods that were just removed goes on for a moment.
    const deadlineMs = performance.now() + CLEAN_UP_TIMEOUT_MS;
    while (this.#list().length > 0 && performance.now() < deadlineMs) {
      await pause(LOOK_MS);
    }
    for (const { pid } of this.#list()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await waitUntil(() => this.#list().length === 0);
  }

  /** Adds the runtime "kata" as a node's administrator does. */
  async #install(containerd: string): Promise<void> {
    const { code, stderr } = await runProgram('kata-metrics', [
      ...['runtime', 'install', `--containerd=${containerd}`],
      `--containerd-config=${join(this.rootPath, 'config.toml')}`,
      `--drop-in=${join(this.rootPath, 'conf.d/kata-metrics.toml')}`,
      `--shim=${join(this.rootPath, 'bin/containerd-shim-kata-v2')}`,
    ]).ended;
    if (code !== 0) {
      throw new Error(`Cannot add the runtime: ${stderr}`);
    }
  }

  #writeConfig(): void {
    const path = (name: string): string => join(this.rootPath, name);
    mkdirSync(path('cni'));
    const bridge = {
      type: 'bridge',
      bridge: this.#bridge,
      isGateway: true,
      ipMasq: false,
      ipam: {
        type: 'host-local',
        ranges: [[{ subnet: `${findFreeNetwork()}.0/24` }]],
        routes: [{ dst: '0.0.0.0/0' }],
        dataDir: path('cni-data'),
      },
    };
    writeFileSync(
      path('cni/10-test.conflist'),
      JSON.stringify({ cniVersion: '0.4.0', name: 'test', plugins: [bridge] }),
    );
    const lines = [
      `imports = ["${path('conf.d')}/*.toml"]`,
      `root = "${path('root')}"`,
      `state = "${path('state')}"`,
      '[grpc]',
      `  address = "${this.socketPath}"`,
      '[ttrpc]',
      `  address = "${this.socketPath}.ttrpc"`,
      ...(this.#isVersion2 ? this.#listVersion2() : this.#listVersion1()),
    ];
    const version = this.#isVersion2 ? 3 : 2;
    writeFileSync(path('config.toml'), `${[`version = ${version}`, ...lines].join('\n')}\n`);
  }

  #listVersion1(): string[] {
    const cri = 'plugins."io.containerd.grpc.v1.cri"';
    return [
      `[${cri}]`,
      `  sandbox_image = "${BUSYBOX_IMAGE_NAME}"`,
      '  restrict_oom_score_adj = true',
      '  netns_mounts_under_state_dir = true',
      '  stream_server_address = "127.0.0.1"',
      '  stream_server_port = "0"',
      `[${cri}.cni]`,
      '  bin_dir = "/usr/lib/cni"',
      `  conf_dir = "${join(this.rootPath, 'cni')}"`,
    ];
  }

  #listVersion2(): string[] {
    const runtime = 'plugins."io.containerd.cri.v1.runtime"';
    return [
      '[plugins."io.containerd.cri.v1.images".pinned_images]',
      `  sandbox = "${BUSYBOX_IMAGE_NAME}"`,
      `[${runtime}]`,
      '  restrict_oom_score_adj = true',
      '  netns_mounts_under_state_dir = true',
      `[${runtime}.cni]`,
      '  bin_dirs = ["/usr/lib/cni"]',
      `  conf_dir = "${join(this.rootPath, 'cni')}"`,
      `[${runtime}.containerd.runtimes.kata2]`,
      ...RUNTIME_LINES.map((line) => line.replace('containerd.kata.v2', 'containerd.kata2.v2')),
      `[${runtime}.containerd.runtimes.katas]`,
      ...RUNTIME_LINES,
      '  sandboxer = "shim"',
    ];
  }
}

async function waitForNothing(look: () => Leftovers): Promise<Leftovers> {
  const deadlineMs = performance.now() + END_TIMEOUT_MS;
  let left = look();
  while (Object.values(left).some((count) => count > 0) && performance.now() < deadlineMs) {
    await pause(LOOK_MS);
    left = look();
  }
  return left;
}

function countMounts(path: string): number {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(path)).length;
}

/** Below a folder, in the order in which they were mounted. */
function listMountPoints(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(folder));
}

/** Whether it is gone. The last try throws the system error. */
function removeCgroup(path: string, { isLastTry }: { readonly isLastTry: boolean }): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (isLastTry) {
      throw error;
    }
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function isInode(path: string, ino: number): boolean {
  try {
    return statSync(path).ino === ino;
  } catch {
    return false;
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readOrEmpty(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether no process is in it or below it. The processes of one that has some are counted as leftovers. */
function isIdleCgroup(path: string): boolean {
  // With version 1, a pod has processes in some of the hierarchies only.
  const name = path.split('/').slice(-2).join('/');
  return globSync(`/sys/fs/cgroup/{,*/}${name}/**/cgroup.procs`).every((each) => readOrNothing(each) === '');
}

/**
 * The first 24 bits of a network that no interface of this machine is in: rigs of other test files run at the same time,
 * and a run that was killed leaves its bridge, whose network would take the packets to the pods.
 */
function findFreeNetwork(): string {
  // Node's own list lacks bridges that have no carrier; their routes count all the same.
  const addresses = execFileSync('ip', ['-4', '-oneline', 'addr', 'show'], { encoding: 'utf8' });
  // Vitest numbers its workers from 1; two of them never try the same network.
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKER_COUNT;
  // Two runs of the tests on one machine may: a rig has its bridge with its first pod only.
  const first = randomInt(NETWORKS_OF_WORKER);
  for (let at = 0; at < NETWORKS_OF_WORKER; at++) {
    const third = worker + ((first + at) % NETWORKS_OF_WORKER) * WORKER_COUNT;
    const network = `10.213.${third}`;
    if (!addresses.includes(` ${network}.`)) {
      return network;
    }
  }
  throw new Error(
    `Every network 10.213.x.0/24 of worker ${worker} is taken: remove bridges kt* of runs that were killed`,
  );
}

/** Of sandboxes by ctr, and by CRI without and with a parent. Others on this machine have theirs elsewhere. */
function findCgroups(parent: string): string[] {
  return globSync(`/sys/fs/cgroup/{,*/}{default,k8s.io,${parent}}/kata-*`);
}
