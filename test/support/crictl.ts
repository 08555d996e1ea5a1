/**
 * Pods and containers by crictl, the client that operators use: its configuration files, and what it prints.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUSYBOX_IMAGE_NAME } from './busybox-image.ts';
import type { CommandResult, RuntimeRig } from './runtime-rig.ts';

/** JSON of CRI's messages. */
type Config = Record<string, unknown>;

export class Crictl {
  readonly #rig: RuntimeRig;
  readonly #program: string;
  readonly #pods = new Map<string, string>();
  #files = 0;

  /** `program`: the path of crictl. */
  constructor(rig: RuntimeRig, program: string) {
    this.#rig = rig;
    this.#program = program;
    writeFileSync(
      join(rig.rootPath, 'crictl.yaml'),
      `runtime-endpoint: unix://${rig.socketPath}\nimage-endpoint: unix://${rig.socketPath}\ntimeout: 170\n`,
    );
  }

  /** For a shell. */
  words(...args: string[]): string[] {
    return [this.#program, '-c', join(this.#rig.rootPath, 'crictl.yaml'), ...args];
  }

  /** Never rejects. */
  run(args: readonly string[], input = '', options: { moreInput?: string } = {}): Promise<CommandResult> {
    const [program, ...all] = this.words(...args);
    return this.#rig.runProgram(program!, all, input, options);
  }

  /** What it printed. Rejects with its message when it fails. */
  async expect(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) {
      throw new Error(`crictl ${args.join(' ')} failed with ${code}: ${stderr}`);
    }
    return stdout.toString().trim();
  }

  async readJson<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.expect(...args, '-o', 'json')) as T;
  }

  /** Gives the id. */
  async runPod(name: string, { handler = 'kata', ...more }: Config & { handler?: string } = {}): Promise<string> {
    const config = {
      metadata: { name, namespace: 'ns1', uid: `uid-${name}` },
      hostname: name,
      log_directory: this.#rig.rootPath,
      linux: { cgroup_parent: `/${this.#rig.cgroupName}` },
      ...more,
    };
    const path = this.#write(config);
    const id = await this.expect('runp', '-r', handler, path);
    this.#pods.set(id, path);
    return id;
  }

  /** Gives the id of what was created. */
  create(pod: string, name: string, command: readonly string[], more: Config = {}): Promise<string> {
    const config = {
      metadata: { name },
      image: { image: BUSYBOX_IMAGE_NAME },
      command,
      log_path: `${name}.log`,
      linux: {},
      ...more,
    };
    return this.expect('create', pod, this.#write(config), this.#pods.get(pod)!);
  }

  async start(pod: string, name: string, command: readonly string[], more: Config = {}): Promise<string> {
    const id = await this.create(pod, name, command, more);
    await this.expect('start', id);
    return id;
  }

  exec(container: string, script: string): Promise<string> {
    return this.expect('exec', '-s', container, 'sh', '-c', script);
  }

  async inspect(container: string): Promise<{ state: string; reason: string; exitCode: number; message: string }> {
    type Inspected = { status: { state: string; reason: string; exitCode: number; message: string } };
    const { status } = JSON.parse(await this.expect('inspect', container)) as Inspected;
    return { ...status, state: status.state.replace('CONTAINER_', '').toLowerCase() };
  }

  async removePods(...pods: string[]): Promise<void> {
    await this.expect('rmp', '-f', ...pods);
  }

  #write(config: Config): string {
    this.#files += 1;
    const path = join(this.#rig.rootPath, `crictl-${this.#files}.json`);
    writeFileSync(path, JSON.stringify(config));
    return path;
  }
}
