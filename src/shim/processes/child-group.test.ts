import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { listGroup, waitForEmptyGroup, waitUntil } from '../../../test/support/processes.ts';
import { startChildGroup } from './child-group.ts';

describe('startChildGroup', () => {
  it("gives the command's own pid", async () => {
    const group = await startChildGroup('sleep 1000');
    await waitUntil(() => readFileSync(`/proc/${group.pid}/cmdline`, 'utf8') === 'sleep\x001000\0');
    expect(await group.stop({ graceMs: 10_000 })).toEqual({ code: null, signal: 'SIGTERM' });
    await waitForEmptyGroup(group.pid);
  });

  it('says how a command ended by itself, and ends what it left behind', async () => {
    const group = await startChildGroup(`sh -c 'sleep 1000 & exit 7'`);
    expect(await group.ended).toEqual({ code: 7, signal: null });
    await waitForEmptyGroup(group.pid);
  });

  it('kills who does not listen', async () => {
    const group = await startChildGroup(`sh -c 'trap "" TERM; while :; do sleep 1000; done'`);
    expect(await group.stop({ graceMs: 0 })).toMatchObject({ signal: expect.stringMatching(/SIGKILL|SIGTERM/) });
    await waitForEmptyGroup(group.pid);
  });

  it('says that there is no such command by its end', async () => {
    const group = await startChildGroup('/no/such/command 2>/dev/null');
    expect(await group.ended).toMatchObject({ code: 127 });
  });

  it('leaves nothing when the parent is killed', async () => {
    const entryPoint = fileURLToPath(new URL('./child-group.ts', import.meta.url));
    const script = `const { startChildGroup } = await import(${JSON.stringify(entryPoint)});
      process.stdout.write((await startChildGroup('sleep 1000')).pid + '\\n');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const pid = Number(line);
    expect(listGroup(pid)).not.toEqual([]);
    parent.kill('SIGKILL');
    await waitForEmptyGroup(pid);
  });
});
