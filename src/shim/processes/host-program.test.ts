import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startHostProgram } from './host-program.ts';

const node = process.execPath;

describe('startHostProgram', () => {
  it('gives how it has ended, and the end of what it has said', async () => {
    const program = await startHostProgram({
      command: node,
      args: ['-e', 'console.error("x".repeat(3e3) + "why"); process.exit(3)'],
    });
    expect(await program.ended).toEqual({ code: 3, signal: null });
    expect(await program.endsWithin(60_000)).toBe(true);
    expect(program.errorText()).toMatch(/^x{1990,}why$/);
  });

  it('connects sockets in both directions', async () => {
    const echo = 'const s = new (require("net").Socket)({ fd: 4 }); s.on("data", (d) => s.end("got " + d));';
    const program = await startHostProgram({ command: node, args: ['-e', echo], socketCount: 2 });
    const [, socket] = program.sockets;
    socket!.write('this');
    expect(String((await once(socket!, 'data'))[0])).toBe('got this');
    program.kill('SIGKILL');
    await program.ended;
  });

  it('says that it goes on, and ends it by a signal', async () => {
    const program = await startHostProgram({ command: node, args: ['-e', 'setInterval(() => undefined, 1e6)'] });
    expect(await program.endsWithin(1)).toBe(false);
    program.kill('SIGKILL');
    expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
    program.kill('SIGKILL');
  });

  // The cgroup of a sandbox lacked what QEMU had allocated before the shim, on a busy host, moved it there: 30 MiB.
  it('runs it only after what has to come before, as the same process, without input', async () => {
    let before = '';
    let pidBefore = 0;
    const program = await startHostProgram({
      command: node,
      args: [
        '-e',
        'console.error(process.argv.slice(1), fs.readFileSync(0, "utf8").length, process.pid)',
        'a b',
        "c'd",
      ],
      beforeItRuns: (pid) => {
        pidBefore = pid;
        before = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]!;
      },
    });
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.errorText()).toBe(`[ 'a b', "c'd" ] 0 ${program.pid}`);
    expect([before, pidBefore]).toEqual(['/bin/sh', program.pid]);
  });

  it.each([
    ['/not/there', 'ENOENT'],
    ['not-there-at-all', 'ENOENT'],
    ['/etc/passwd', 'EACCES'],
  ])('rejects for %s, also where something has to come before', async (command, code) => {
    const start = startHostProgram({ command, args: [], beforeItRuns: () => undefined });
    await expect(start).rejects.toThrow(new RegExp(`^Cannot start "${command}": ${code}`));
  });

  it('rejects for a program that is not there', async () => {
    await expect(startHostProgram({ command: '/not/there', args: [] })).rejects.toThrow(
      'Cannot start "/not/there": spawn',
    );
  });
});
