import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSharedPidNamespace, type SharedPidNamespace } from './shared-pid-namespace.ts';

const canRun = process.getuid?.() === 0 && existsSync('/bin/busybox');

/** Their states, as proc_pid_status(5) has them. */
function listStates(path: string): string[] {
  const inode = readlinkSync(path);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const isInside = readlinkSync(`/proc/${name}/ns/pid`) === inode;
        return isInside ? [/^State:\t(\w)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))![1]!] : [];
      } catch {
        return []; // It has ended, or its namespaces are gone.
      }
    });
}

describe.skipIf(!canRun)(`a shared PID namespace${canRun ? '' : ' (needs root and busybox)'}`, () => {
  let shared: SharedPidNamespace;
  beforeEach(async () => {
    shared = await openSharedPidNamespace();
  });
  afterEach(() => shared.close());

  const runInside = (script: string): string =>
    execFileSync('nsenter', [`--pid=${shared.path}`, 'busybox', 'sh', '-c', script], { encoding: 'utf8' });

  it('is a separate one, which others can enter', () => {
    expect(Number(runInside('echo $$'))).toBeLessThan(10);
    expect(Number(runInside('echo $$'))).toBeGreaterThan(1);
  });

  it('reaps processes whose parent has ended', async () => {
    const [orphan] = runInside('(busybox sleep 0.1 >/dev/null 2>&1 & echo $!)').trim().split('\n');
    expect(Number(orphan)).toBeGreaterThan(1);
    await expect.poll(() => listStates(shared.path), { timeout: 20_000 }).toEqual(['S', 'S']);
  });

  it('ends with all that run in it', async () => {
    runInside('busybox sleep 100000 >/dev/null 2>&1 & :');
    shared.close();
    await expect.poll(() => existsSync(shared.path), { timeout: 20_000 }).toBe(false);
  });
});
