import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chooseFleetHypervisor } from './fleet-hypervisor.ts';

describe('chooseFleetHypervisor', () => {
  const values = { memory: 512, cpus: 1, debugConsole: false } as const;
  let empty: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    empty = await mkdtemp(join(tmpdir(), 'km-'));
    env = { PATH: empty, XDG_CACHE_HOME: empty };
  });

  afterEach(() => rm(empty, { recursive: true }));

  it('starts processes when they are requested', async () => {
    expect(await chooseFleetHypervisor({ ...values, hypervisor: 'process' }, env)).toEqual({
      what: 'processes',
      shimArgs: ['--hypervisor=process'],
    });
  });

  it('takes processes where machines are not possible, and says what these need', async () => {
    expect(await chooseFleetHypervisor({ ...values, hypervisor: 'auto' }, env)).toEqual({
      what: 'processes; virtual machines would require QEMU (Debian: qemu-system-x86) and a guest (npm run guest)',
      shimArgs: ['--hypervisor=process'],
    });
  });

  it('reports what is missing when machines are requested', async () => {
    await expect(chooseFleetHypervisor({ ...values, hypervisor: 'qemu' }, env)).rejects.toThrow(
      'Cannot start virtual machines: they require QEMU (Debian: qemu-system-x86) and a guest (npm run guest)',
    );
  });
});
