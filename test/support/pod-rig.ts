/**
 * What system tests of pods start with: a rig, a client of its CRI, and a directory for the logs of containers.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CriPods, type PodSpec } from './cri-pods.ts';
import { RuntimeRig } from './runtime-rig.ts';

/** Starting a rig, or a pod on a machine without KVM and with other work. */
export const BOOT_MS = 300_000;
/** A command that goes on until it is stopped. */
export const SLEEPING: string[] = ['/bin/busybox', 'sleep', '100000'];

export const sh = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];

export class PodRig {
  readonly rig: RuntimeRig;
  readonly pods: CriPods;
  readonly #logsPath: string;

  private constructor(rig: RuntimeRig) {
    this.rig = rig;
    this.pods = new CriPods(rig.socketPath);
    this.#logsPath = join(rig.rootPath, 'logs');
    mkdirSync(this.#logsPath);
  }

  static async start(...options: Parameters<typeof RuntimeRig.start>): Promise<PodRig> {
    return new PodRig(await RuntimeRig.start(...options));
  }

  /** With its own network, in a virtual machine. Gives its id. */
  startPod(name: string, more: Partial<PodSpec> = {}): Promise<string> {
    return this.pods.runPod({
      name,
      namespace: 'ns1',
      uid: `uid-${name}`,
      handler: 'kata',
      hasNetwork: true,
      logDirectory: this.#logsPath,
      ...more,
    });
  }

  /** Of a container with this log path. */
  readLog(logPath: string): string {
    return readFileSync(join(this.#logsPath, logPath), 'utf8');
  }

  /** Removes the pods that are left. */
  async close(): Promise<void> {
    try {
      await this.pods.close();
    } finally {
      await this.rig.close();
    }
  }
}
