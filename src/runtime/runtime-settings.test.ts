import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRuntimeSettings } from './runtime-settings.ts';

const GUEST = 'kernel = "/k"\ninitrd = "/i"\n';
let folder: string;
let unknown: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  unknown = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function read(toml: string, annotations: Record<string, string> = {}) {
  const configPath = join(folder, 'configuration.toml');
  writeFileSync(configPath, toml);
  return readRuntimeSettings({ env: {}, configPath, annotations, onUnknown: (message) => unknown.push(message) });
}

const hypervisor = (lines: string): string => `[hypervisor.qemu]\n${GUEST}${lines}`;
const annotation = (key: string): string => `io.katacontainers.config.hypervisor.${key}`;

describe('readRuntimeSettings', () => {
  it.each([
    ['', {}, { memoryMib: 512, cpus: 1, kernelArguments: [], accelerator: 'auto' }],
    ['default_memory = 400', {}, { memoryMib: 400 }],
    ['default_memory = 400', { [annotation('default_memory')]: '600' }, { memoryMib: 600 }],
    ['', { 'io.kubernetes.cri.sandbox-memory': String(100 * 1024 * 1024 + 1) }, { memoryMib: 613 }],
    ['', { 'io.kubernetes.cri.sandbox-memory': '0' }, { memoryMib: 512 }],
    [
      '',
      { 'io.kubernetes.cri.sandbox-cpu-quota': '50000', 'io.kubernetes.cri.sandbox-cpu-period': '100000' },
      { cpus: 1 },
    ],
    [
      '',
      { 'io.kubernetes.cri.sandbox-cpu-quota': '100000000', 'io.kubernetes.cri.sandbox-cpu-period': '100000' },
      { cpus: availableParallelism() },
    ],
    ['kernel_params = "a=b  c"', { [annotation('kernel_params')]: 'd' }, { kernelArguments: ['a=b', 'c', 'd'] }],
    [
      'accelerator = "tcg"\npath = "/q"',
      {},
      { accelerator: 'tcg', qemuProgram: '/q', kernelPath: '/k', initrdPath: '/i' },
    ],
  ])('reads %j with %j', async (lines, annotations, expected) => {
    expect(await read(hypervisor(lines), annotations)).toMatchObject(expected);
    expect(unknown).toEqual([]);
  });

  it('does not wait for the writer of a pipe', async () => {
    const configPath = join(folder, 'configuration.toml');
    execFileSync('mkfifo', [configPath]);
    await expect(
      readRuntimeSettings({ env: {}, configPath, annotations: {}, onUnknown: () => undefined }),
    ).rejects.toThrow(`Cannot read the configuration of the runtime: "${configPath}" must be a plain file`);
  });

  it('names keys and annotations that have no effect', async () => {
    const toml = `${hypervisor('machine_type = "q35"')}\n[agent.kata]\nenable_debug = true\n[hypervisor.clh]\nkernel = "/x"\n`;
    await read(toml, { 'io.katacontainers.config.agent.kernel_modules': 'x', 'io.kubernetes.cri.sandbox-id': 'y' });
    expect(unknown.map((message) => message.replace(/of ".*"/, 'of F')).toSorted()).toEqual([
      'Annotation "io.katacontainers.config.agent.kernel_modules" has no effect',
      'Key "agent.kata.enable_debug" of F has no effect',
      'Key "hypervisor.clh.kernel" of F has no effect',
      'Key "hypervisor.qemu.machine_type" of F has no effect',
    ]);
  });

  it.each([
    ['default_memory = "x"', {}, '"default_memory" in'],
    ['default_memory = 100', {}, 'The memory of the guest in MiB must be from 320 to'],
    ['default_vcpus = 4096', {}, 'The CPUs of the guest must be from 1 to'],
    ['accelerator = "xen"', {}, '"accelerator" must be auto, kvm or tcg, got "xen"'],
    ['default_memory = ', {}, 'Cannot read "'],
    ['', { [annotation('default_memory')]: '-1' }, 'must be integer, got "-1"'],
    ['', { [annotation('default_vcpus')]: '1e3' }, 'must be integer, got "1e3"'],
    ['enable_annotations = []', { [annotation('default_vcpus')]: '1' }, 'is not allowed: enable_annotations has []'],
  ])('refuses %j with %j', async (lines, annotations, message) => {
    await expect(read(hypervisor(lines), annotations)).rejects.toThrow(message);
  });

  it('says which file is missing', async () => {
    const sources = { env: {}, configPath: '/nowhere/c.toml', annotations: {}, onUnknown: () => undefined };
    await expect(readRuntimeSettings(sources)).rejects.toThrow('Cannot read the configuration of the runtime: ENOENT');
  });
});
