import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileTree } from '../../test/support/file-tree.ts';
import { createProcfs } from '../procfs/index.ts';
import { VcpuWaitCollector } from './vcpu-wait.ts';

const PID = 7;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vc-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A process with these threads, by number: name and nanoseconds of waiting. */
function write(threads: Readonly<Record<string, readonly [name: string, waitNs: string]>>): void {
  rmSync(join(root, String(PID)), { recursive: true, force: true });
  const count = Object.keys(threads).length;
  mkdirSync(join(root, `${PID}/task`), { recursive: true });
  writeFileSync(
    join(root, `${PID}/stat`),
    `${PID} (qemu) S 1 ${'0 '.repeat(15)}${count} 0 100 4096 1 ${'0 '.repeat(20)}`,
  );
  for (const [id, [name, waitNs]] of Object.entries(threads)) {
    writeFileTree(root, {
      [`${PID}/task/${id}/comm`]: `${name}\n`,
      [`${PID}/task/${id}/schedstat`]: `1 ${waitNs} 3\n`,
    });
  }
}

const read = (collector: VcpuWaitCollector): unknown =>
  collector
    .collect(createProcfs(root), PID)
    .flatMap(({ samples }) => samples.map(({ labels, value }) => `${labels['cpu']}: ${value}`));

describe('the waiting of virtual CPUs', () => {
  it.each([
    ['QEMU with KVM', 'CPU 0/KVM', 'CPU 11/KVM'],
    ['QEMU that emulates', 'CPU 0/TCG', 'CPU 11/TCG'],
    ['Cloud Hypervisor', 'vcpu0', 'vcpu11'],
    ['Firecracker', 'fc_vcpu 0', 'fc_vcpu 11'],
    ['Dragonball', 'db_vcpu0', 'db_vcpu11'],
  ])('is read of the threads of %s, by their numbers', (_, first, second) => {
    write({ '7': ['qemu', '99'], '21': [second, '12345678901'], '22': [first, '5'], '23': ['worker', '99'] });
    expect(read(new VcpuWaitCollector())).toEqual(['0: 0.000000005', '11: 12.345678901']);
  });

  it.each([
    ['threads without names', 'qemu-system-x86'],
    ['a name that only looks like one', 'my vcpu0'],
    ['more after the number', 'vcpu0x'],
    ['a number without end', `vcpu${'1'.repeat(11)}`],
  ])('is absent: %s', (_, name) => {
    write({ '7': ['qemu', '99'], '21': [name, '1'] });
    expect(read(new VcpuWaitCollector())).toEqual([]);
  });

  it('is that of the threads which are there: one is plugged, one unplugged, one that is named late', () => {
    write({ '7': ['qemu', '0'], '8': ['CPU 0/KVM', '1'] });
    const collector = new VcpuWaitCollector();
    expect(read(collector)).toEqual(['0: 0.000000001']);
    write({ '7': ['qemu', '0'], '8': ['CPU 0/KVM', '2'], '9': ['qemu', '7'] });
    expect(read(collector)).toEqual(['0: 0.000000002']);
    write({ '7': ['qemu', '0'], '8': ['CPU 0/KVM', '3'], '9': ['CPU 1/KVM', '7'], '10': ['worker', '0'] });
    expect(read(collector)).toEqual(['0: 0.000000003', '1: 0.000000007']);
    // As many threads as before, and another one is CPU 0.
    write({ '7': ['qemu', '0'], '11': ['CPU 0/KVM', '1'], '9': ['CPU 1/KVM', '8'], '10': ['worker', '0'] });
    expect(read(collector)).toEqual(['1: 0.000000008']);
    expect(read(collector)).toEqual(['0: 0.000000001', '1: 0.000000008']);
  });

  it('is once for each number, whatever a hypervisor calls its threads', () => {
    write({ '7': ['CPU 0/KVM', '1'], '8': ['CPU 0/KVM', '2'], '9': ['vcpu0', '3'], '10': ['vcpu00', '4'] });
    expect(read(new VcpuWaitCollector())).toHaveLength(1);
  });

  it('is absent of a process that has ended', () => {
    expect(read(new VcpuWaitCollector())).toEqual([]);
  });
});
