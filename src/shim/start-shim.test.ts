import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMakeCgroup } from '../../test/support/own-cgroup.ts';
import { parseAddress } from '../transport/index.ts';
import { startGuard } from './processes/guard.ts';
import { startShim } from './start-shim.ts';

const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

describe.skipIf(!(await canMakeCgroup()))('a shim in the cgroup of its sandbox', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'start-shim-'));
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('has left it when its hypervisor stops, whose guard can then remove it', async () => {
    const readOwn = (): string => readFileSync('/proc/self/cgroup', 'utf8');
    const before = readOwn();
    const seen: Record<string, unknown> = {};
    const shim = await startShim({
      sandboxId: 'one',
      root,
      cgroup: { kind: 'make', hasShim: true },
      hasLastWords: false,
      containerIds: [],
      agentTimeoutMs: 100,
      hasGoFamilies: false,
      hasAllInterfaces: false,
      log,
      openHypervisor: ({ directory, cgroupDirectories }) => {
        const guard = startGuard({ marker: directory.path, leftovers: cgroupDirectories });
        return {
          identity: {
            hypervisor: 'process',
            version: undefined,
            machine: undefined,
            accelerator: undefined,
            guestKernel: undefined,
          },
          pid: process.pid,
          virtiofsdPid: undefined,
          agentAddress: parseAddress(`unix://${join(root, 'agent.sock')}`),
          collectors: [],
          guestUse: { kind: 'agent' },
          otherPids: () => [],
          ended: new Promise(() => undefined),
          stop: async () => {
            seen['own'] = readOwn();
            await guard.end();
            seen['left'] = cgroupDirectories.filter((path) => existsSync(path));
          },
        };
      },
    });
    expect(readOwn()).not.toBe(before);
    await shim.close();
    expect(seen).toEqual({ own: before, left: [] });
    expect(readdirSync(root)).toEqual([]);
  });
});
