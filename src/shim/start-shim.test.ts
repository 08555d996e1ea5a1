import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMakeCgroup } from '../../test/support/own-cgroup.ts';
import { parseAddress } from '../transport/index.ts';
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
    let entered: string[] = [];
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
      openHypervisor: ({ startGuard }) => {
        const guard = startGuard([]);
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
            seen['left'] = entered.filter((path) => existsSync(path));
          },
        };
      },
    });
    // Of v1, each controller has a tree of that name.
    entered = readOwn()
      .split('\n')
      .map((line) => line.split(':'))
      .flatMap(([, controllers = '', path = '']) =>
        path.includes('kata-one-') ? [join('/sys/fs/cgroup', controllers, path)] : [],
      );
    expect(entered.length > 0 && entered.every((path) => existsSync(path))).toBe(true);
    await shim.close();
    expect(seen).toEqual({ own: before, left: [] });
    expect(readdirSync(root)).toEqual([]);
  });
});

it('writes few messages, however often a guest or its hypervisor causes one', async () => {
  const root = mkdtempSync(join(tmpdir(), 'start-shim-'));
  const lines: string[] = [];
  const starting = startShim({
    sandboxId: 'one',
    root,
    cgroup: { kind: 'none' },
    hasLastWords: false,
    containerIds: [],
    agentTimeoutMs: 100,
    hasGoFamilies: false,
    hasAllInterfaces: false,
    log: { ...log, warn: (line) => void lines.push(line) },
    openHypervisor: (context) => {
      for (let i = 0; i < 1000; i++) {
        context.log.warn(`It fails in another way: ${i}`);
      }
      throw new Error('never started');
    },
  });
  await expect(starting).rejects.toThrow('never started');
  expect(lines).toHaveLength(50);
  rmSync(root, { recursive: true });
});
