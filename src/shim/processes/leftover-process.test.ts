import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endLeftoverProcess } from './leftover-process.ts';

let folder: string;
let pidFile: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
  pidFile = join(folder, 'qemu.pid');
});

afterEach(() => rm(folder, { recursive: true }));

describe('endLeftoverProcess', () => {
  it('ends the process whose command line has the mark', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)', folder], { stdio: 'ignore' });
    await once(child, 'spawn');
    const ended = once(child, 'exit');
    await writeFile(pidFile, `${child.pid}\n`);
    expect(await endLeftoverProcess(pidFile, folder)).toBe(true);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leaves another process that has the number since', async () => {
    await writeFile(pidFile, `${process.pid}\n`);
    expect(await endLeftoverProcess(pidFile, folder)).toBe(false);
  });

  it.each(['', '\n', 'x', '-1', '1 2', '0x1', '99999999999'])('finds none in a file with %j', async (text) => {
    await writeFile(pidFile, text);
    expect(await endLeftoverProcess(pidFile, '')).toBe(false);
  });

  it('finds none where there is no file', async () => {
    expect(await endLeftoverProcess(pidFile, folder)).toBe(false);
  });
});
