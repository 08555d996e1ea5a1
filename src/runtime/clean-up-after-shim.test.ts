import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GUARD_NAME, startGuard } from '../shim/index.ts';
import { cleanUpAfterShim } from './clean-up-after-shim.ts';
import { writeSandboxRecord } from './sandbox-record.ts';

let root: string;
let sandboxPath: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'clean-up-'));
  sandboxPath = join(root, 'sandboxes', 'a');
  await mkdir(sandboxPath, { recursive: true });
});

afterEach(() => rm(root, { recursive: true, force: true }));

/** A process of the sandbox that does not end by SIGTERM. */
function startStubborn() {
  const child = spawn('/bin/sh', ['-c', "trap '' TERM; echo; while :; do sleep 60; done", `${sandboxPath}/qemu`], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  return { child, ended: once(child, 'exit'), ready: once(child.stdout, 'data') };
}

function record(shimPid: number, socketPath: string): void {
  writeSandboxRecord(root, { shimPid, socketPath, sandboxPath, guardName: GUARD_NAME });
}

describe('cleanUpAfterShim', () => {
  it('kills what is left of the sandbox, and lets the guard remove what it knows of', async () => {
    const { child, ended, ready } = startStubborn();
    await ready;
    const cgroup = join(root, 'cgroup');
    await mkdir(cgroup);
    const guard = startGuard({ marker: `${sandboxPath}/`, leftovers: [cgroup] });
    guard.watch(child.pid!);
    const guardEnded = guard.end();
    // The guard waits for the process, which lives until the clean-up.
    await nextTurn();
    record(2 ** 22 + 1, join(root, 'shim.sock'));
    await writeFile(join(root, 'shim.sock'), '');
    cleanUpAfterShim(root);
    expect(existsSync(cgroup)).toBe(false);
    expect(existsSync(sandboxPath)).toBe(false);
    expect(existsSync(join(root, 'shim.sock'))).toBe(false);
    await Promise.all([ended, guardEnded]);
    expect(child.signalCode).toBe('SIGKILL');
  });

  it('leaves a sandbox alone whose shim lives', async () => {
    const socketPath = join(root, 'shim.sock');
    const shim = spawn('/bin/sh', ['-c', 'echo; read -r line', socketPath], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(shim, 'exit');
    await once(shim.stdout, 'data');
    record(shim.pid!, socketPath);
    cleanUpAfterShim(root);
    expect(existsSync(sandboxPath)).toBe(true);
    shim.stdin.end('\n');
    await ended;
  });

  it('does nothing for a bundle in which no shim has written', () => {
    expect(() => cleanUpAfterShim(root)).not.toThrow();
    expect(existsSync(sandboxPath)).toBe(true);
  });
});
