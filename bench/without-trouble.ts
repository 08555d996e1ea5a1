/**
 * The programs without the metrics that show why a pod is slow or has died, for bench/trouble.ts: sources in which their
 * collectors return nothing, and the monitor does not follow the states of sandboxes. Users have no such choice.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'rolldown';
import { bundlePrograms } from '../scripts/package/bundle.ts';

const rootPath = join(import.meta.dirname, '..');
/** Programs look for package.json two folders above their own. */
const packagePath = join(rootPath, 'build/without-trouble');
const programs = ['kata-agent', 'kata-monitor', 'kata-shim'];

/** By source: what is replaced in it, and by what. */
export const edits: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  'src/agent/guest-collectors.ts': [
    ['collect: createPressureCollector()', 'collect: () => []'],
    ['collect: createContainerCollector(cgroups.hierarchy, () => cgroups.finder.list())', 'collect: () => []'],
  ],
  'src/shim/start-shim.ts': [
    ['collect: () => toSandboxFamilies(cgroup.readLimits())', 'collect: () => []'],
    ['{ vcpus: new VcpuWaitCollector() }', '{}'],
  ],
  'src/shim/http/metrics-page.ts': [[', ...this.#collectPaused(procfs)]', ']']],
  'src/shim/shim-counters.ts': [['(agentReadyMs === undefined', '(agentReadyMs !== null']],
  'src/shim/hypervisors/qemu/start.ts': [["{ name: 'qemu-monitor', collect: machine.events.collect }", '']],
  'src/derived-metrics/guest-cpu.ts': [['if (steal !== undefined)', 'if (steal === null)']],
  'src/derived-metrics/guest-load.ts': [
    [
      "{ name: 'kata_sandbox_memory_major_page_faults_total', family: 'kata_guest_vm_stat', labels: { item: 'pgmajfault' } },",
      '',
    ],
    ["{ name: 'kata_sandbox_oom_kills_total', family: 'kata_guest_vm_stat', labels: { item: 'oom_kill' } },", ''],
  ],
  'src/monitor/scrape/body-reader.ts': [
    ['const facts = readLifecycleFacts(scanned, derived)', 'const facts = undefined'],
  ],
  'src/monitor/answer/node-responder.ts': [['this.#noteStates(results, sandboxIds === undefined);', '']],
  'src/monitor/answer/own-families.ts': [
    ['collect: async ({ events }) => events.collect()', 'collect: async () => []'],
  ],
};

/** @throws {Error} when the source no longer has exactly one such place */
export function editSource(path: string, source: string): string {
  let edited = source;
  for (const [from, to] of edits[path] ?? []) {
    if (edited.split(from).length !== 2) {
      throw new Error(`Cannot leave out metrics: "${path}" must have once "${from}"`);
    }
    edited = edited.replace(from, () => to);
  }
  return edited;
}

/** Returns the folder of the programs. */
export async function buildWithoutTrouble(): Promise<string> {
  const edited = new Set<string>();
  const plugin: Plugin = {
    name: 'without-trouble',
    transform: (code, id) => {
      const path = id.slice(rootPath.length + 1);
      if (!Object.hasOwn(edits, path)) {
        return null;
      }
      edited.add(path);
      return editSource(path, code);
    },
  };
  const sources = programs.map((name) => `src/bin/${name}.ts`);
  const { files } = await bundlePrograms(sources, [], [plugin]);
  const missing = Object.keys(edits).filter((path) => !edited.has(path));
  if (missing.length > 0) {
    throw new Error(`Cannot leave out metrics: the programs do not use ${missing.join(', ')}`);
  }
  rmSync(packagePath, { recursive: true, force: true });
  for (const [path, code] of files) {
    const filePath = join(packagePath, 'dist', path);
    mkdirSync(dirname(filePath), { recursive: true });
    writeFileSync(filePath, code);
  }
  copyFileSync(join(rootPath, 'package.json'), join(packagePath, 'package.json'));
  return join(packagePath, 'dist/bin');
}
