import { describe, expect, it } from 'vitest';
import type { HypervisorIdentity } from '../hypervisors/hypervisor.ts';
import { describeSandbox } from './sandbox-info.ts';

const qemu: HypervisorIdentity = {
  hypervisor: 'qemu',
  version: '7.2.22',
  machine: 'q35',
  accelerator: 'tcg',
  guestKernel: '6.1.0-1-cloud-amd64',
};

describe('describeSandbox', () => {
  it('describes hypervisor, agent and guest as far as they are known', () => {
    expect(describeSandbox(qemu, '0.1.0').samples).toEqual([
      {
        labels: {
          hypervisor: 'qemu',
          hypervisor_version: '7.2.22',
          agent_version: '0.1.0',
          guest_kernel: '6.1.0-1-cloud-amd64',
          machine: 'q35',
          accelerator: 'tcg',
        },
        value: 1,
      },
    ]);
  });

  it('leaves empty what is not known', () => {
    const unknown = { version: undefined, machine: undefined, accelerator: undefined, guestKernel: undefined };
    const [sample] = describeSandbox({ hypervisor: 'attached', ...unknown }, undefined).samples;
    expect(Object.values(sample!.labels)).toEqual(['attached', '', '', '', '', '']);
  });

  it.each(['', 'x'.repeat(65), 'a b', 'a"b', '1.0\n', 'ä'])(
    'does not take %j for the version of an agent',
    (version) => {
      expect(describeSandbox(qemu, version).samples[0]!.labels).toMatchObject({ agent_version: '' });
    },
  );
});
