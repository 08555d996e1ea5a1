/**
 * kata_hypervisor_vcpu_wait_seconds_total: how long the threads of virtual CPUs waited for a CPU of the host. The threads
 * are found by their names, which are read again when the number of threads has changed.
 */
import { type Procfs, readProcessStat, readThreadIds, readThreadName, readThreadWaitNs } from '../procfs/index.ts';
import { shiftDigits } from './digits.ts';
import { type CatalogFamily, family } from './family.ts';

/**
 * `CPU 0/KVM` and `CPU 0/TCG` of QEMU, `vcpu0` of Cloud Hypervisor, `fc_vcpu 0` of Firecracker, `db_vcpu0` of Dragonball.
 */
const VCPU_NAME = /^(?:CPU (\d{1,5})\/[A-Z]{1,8}|(?:fc_vcpu |db_vcpu|vcpu)(\d{1,5}))$/;

/** A machine has at most 255 CPUs by our options, and a QEMU some hundred threads for I/O. More are not searched. */
const MAX_THREADS = 4096;
/** A thread that has just been started has the name of the one that started it. */
const READS_OF_NAME = 2;
/** Digits of nanoseconds in a second. */
const NANOSECONDS = 9;

interface VcpuThread {
  readonly threadId: string;
  readonly labels: { readonly cpu: string };
}

/** Collects the waiting times of one hypervisor process. */
export class VcpuWaitCollector {
  /** Virtual CPUs in the order of their numbers. */
  #vcpus: readonly VcpuThread[] = [];
  /** Threads that are no virtual CPUs: how often their names have been read. */
  #others = new Map<string, number>();
  #threadCount: string | undefined;

  /** `pid`: of the hypervisor. */
  collect(procfs: Procfs, pid: number): CatalogFamily[] {
    const threadCount = readProcessStat(procfs, pid)?.numThreads;
    if (threadCount === undefined || threadCount !== this.#threadCount) {
      this.#findThreads(procfs, pid);
      this.#threadCount = threadCount;
    }
    const samples: { labels: VcpuThread['labels']; value: string }[] = [];
    for (const { threadId, labels } of this.#vcpus) {
      const waitNs = readThreadWaitNs(procfs, pid, threadId);
      if (waitNs === undefined) {
        // It has ended, and perhaps another one was started.
        this.#threadCount = undefined;
      } else {
        samples.push({ labels, value: shiftDigits(waitNs, NANOSECONDS) });
      }
    }
    return samples.length === 0 ? [] : [family('kata_hypervisor_vcpu_wait_seconds_total', samples)];
  }

  #findThreads(procfs: Procfs, pid: number): void {
    const known = new Map(this.#vcpus.map((vcpu) => [vcpu.threadId, vcpu]));
    const byCpu = new Map<number, VcpuThread>();
    const others = new Map<string, number>();
    for (const threadId of readThreadIds(procfs, pid, MAX_THREADS) ?? []) {
      const reads = this.#others.get(threadId) ?? 0;
      if (reads >= READS_OF_NAME) {
        others.set(threadId, reads);
        continue;
      }
      const vcpu = known.get(threadId) ?? this.#identify(procfs, pid, threadId);
      if (vcpu === undefined) {
        others.set(threadId, reads + 1);
      } else if (!byCpu.has(Number(vcpu.labels.cpu))) {
        byCpu.set(Number(vcpu.labels.cpu), vcpu);
      }
    }
    this.#vcpus = [...byCpu.keys()].sort((a, b) => a - b).map((cpu) => byCpu.get(cpu)!);
    this.#others = others;
  }

  #identify(procfs: Procfs, pid: number, threadId: string): VcpuThread | undefined {
    const [, ofQemu, ofOther] = VCPU_NAME.exec(readThreadName(procfs, pid, threadId) ?? '') ?? [];
    const cpu = ofQemu ?? ofOther;
    return cpu === undefined ? undefined : { threadId, labels: { cpu: String(Number(cpu)) } };
  }
}
