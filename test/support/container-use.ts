/**
 * The use of containers and pods in virtual machines, read in four places that must agree: the cgroup in the guest, CRI,
 * /metrics/cadvisor of a monitor, and the cgroup of the pod on this host. For a system test and for bench/runtime.ts.
 */
import { globSync, readFileSync } from 'node:fs';
import type { CriPods, CriUse } from './cri-pods.ts';
import { parseAnswer } from './reference-exposition.ts';

const NS_PER_S = 1e9;
const NS_PER_US = 1e3;

/** What a container's cgroup in the guest has. `besideId`: another container of the pod, in which it is read. */
export async function readGuestUse(pods: CriPods, besideId: string, id: string): Promise<CriUse> {
  const files = ['cpu.stat', 'memory.current', 'memory.stat'].map((name) => `/sys/fs/cgroup/kata/${id}/${name}`);
  const { stdout } = await pods.exec(besideId, ['/bin/busybox', 'cat', ...files]);
  const usageBytes = Number(/^(\d+)$/m.exec(stdout)?.[1]);
  return {
    cpuNs: Number(/^usage_usec (\d+)$/m.exec(stdout)?.[1]) * NS_PER_US,
    memoryBytes: usageBytes - Number(/^inactive_file (\d+)$/m.exec(stdout)?.[1]),
    usageBytes,
  };
}

/** `url`: of a monitor. */
export async function readCadvisorUse(url: string, id: string): Promise<CriUse> {
  const response = await fetch(`${url}/metrics/cadvisor`);
  const own = parseAnswer(await response.text()).series.filter(({ labels }) =>
    labels.some(([name, value]) => name === 'id' && value === id),
  );
  const find = (name: string): number => own.find((series) => series.name === name)?.value ?? Number.NaN;
  return {
    cpuNs: Math.round(find('container_cpu_usage_seconds_total') * NS_PER_S),
    memoryBytes: find('container_memory_working_set_bytes'),
    usageBytes: find('container_memory_usage_bytes'),
  };
}

/** `path`: of a cgroup of this host, from the root; with all cgroups below it. */
export function readHostUse(path: string): CriUse {
  const [cpuFile] = globSync(`/sys/fs/cgroup/*cpuacct*/${path}/cpuacct.usage`);
  if (cpuFile !== undefined) {
    const folder = `/sys/fs/cgroup/memory/${path}`;
    return toHostUse(
      Number(readFileSync(cpuFile, 'utf8')),
      Number(readFileSync(`${folder}/memory.usage_in_bytes`, 'utf8')),
      /^total_inactive_file (\d+)$/m.exec(readFileSync(`${folder}/memory.stat`, 'utf8'))?.[1],
    );
  }
  const folder = `/sys/fs/cgroup/${path}`;
  return toHostUse(
    Number(/^usage_usec (\d+)$/m.exec(readFileSync(`${folder}/cpu.stat`, 'utf8'))?.[1]) * NS_PER_US,
    Number(readFileSync(`${folder}/memory.current`, 'utf8')),
    /^inactive_file (\d+)$/m.exec(readFileSync(`${folder}/memory.stat`, 'utf8'))?.[1],
  );
}

function toHostUse(cpuNs: number, usageBytes: number, inactiveFile: string | undefined): CriUse {
  return { cpuNs, memoryBytes: usageBytes - Number(inactiveFile ?? 0), usageBytes };
}
