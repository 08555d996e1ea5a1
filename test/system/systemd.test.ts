/**
 * kata-monitor as systemd runs it: sockets that systemd's own program hands over, notices to a real datagram socket, and
 * the unit files of deploy/systemd as systemd reads them.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { leanMallocVariables } from '../../src/program/lean-malloc.ts';
import { findFreePort } from '../support/free-port.ts';
import { getOverUnix } from '../support/get-over-unix.ts';
import { waitUntil } from '../support/processes.ts';
import { missingPackages } from '../support/requirements.ts';
import { pickUrl, programCommand, type RunningProgram, runCommand, runProgram } from '../support/run-program.ts';

const missing = missingPackages(['socat', 'systemd']);
const unitFolder = join(import.meta.dirname, '../../deploy/systemd');

describe.skipIf(missing.length > 0)(`kata-monitor and systemd (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let folder: string;
  let started: RunningProgram[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'km-'));
    await mkdir(join(folder, 'sbs', 'one'), { recursive: true });
    started = [];
  });

  afterEach(async () => {
    await Promise.all(started.map((program) => program.stop()));
    await rm(folder, { recursive: true });
  });

  const args = (): string[] => [`--sandboxes-root=${folder}/sbs`, '--log-format=json'];

  function keep(program: RunningProgram): RunningProgram {
    started.push(program);
    return program;
  }

  describe('socket activation', () => {
    /** Becomes the monitor when the first client connects; resolves when the sockets are open. */
    async function activate(sockets: Record<string, string>, ...more: string[]): Promise<RunningProgram> {
      const names = `--fdname=${Object.values(sockets).join(':')}`;
      const listen = Object.keys(sockets).map((address) => `--listen=${address}`);
      const command = [...programCommand('kata-monitor'), ...args(), ...more];
      const program = keep(runCommand(['systemd-socket-activate', '-E', 'PATH', names, ...listen, ...command]));
      let openCount = 0;
      await program.waitForLine((line) => {
        openCount += Number(/^Listening on .* as \d+\.$/.test(line));
        return openCount >= Object.keys(sockets).length ? true : undefined;
      });
      return program;
    }

    it('responds on every socket that is handed over, and leaves them there', async () => {
      const [port, adminPort] = [await findFreePort(), await findFreePort()];
      const path = join(folder, 'm.sock');
      const program = await activate({
        [`127.0.0.1:${port}`]: 'main',
        [`127.0.0.1:${adminPort}`]: 'admin',
        [path]: 'main',
      });
      const url = `http://127.0.0.1:${port}`;
      expect(await (await fetch(`${url}/sandboxes`)).text()).toBe('one\n');
      expect(await getOverUnix(path, '/sandboxes')).toBe('one\n');
      expect(await (await fetch(`${url}/agent-url?sandbox=one`)).text()).toContain('FileDescriptorName=admin');
      expect(await (await fetch(`http://127.0.0.1:${adminPort}/agent-url?sandbox=one`)).text()).toContain(
        'Cannot query the shim of sandbox "one"',
      );
      expect((await fetch(`http://127.0.0.1:${adminPort}/metrics`)).status).toBe(404);
      expect(await program.waitForLine(pickUrl)).toBe(url);
      const { code } = await program.stop();
      expect(code).toBe(0);
      expect(existsSync(path)).toBe(true);
    });

    it('names the path of a socket in the file system', async () => {
      const path = join(folder, 'm.sock');
      const program = await activate({ [path]: 'main' });
      expect(await getOverUnix(path, '/healthz')).toBe('ok\n');
      expect((await program.stop()).stderr).toContain(`"url":"unix://${path}"`);
    });

    it('refuses an admin socket that other machines can reach, unless an option allows it', async () => {
      const port = await findFreePort();
      const refused = await activate({ [`0.0.0.0:${port}`]: 'admin' });
      await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
      const { code, stderr } = await refused.ended;
      expect(code).toBe(1);
      expect(stderr).toContain(`Admin socket for \\"0.0.0.0:${port}\\" can be reached by other machines`);
      await activate({ [`0.0.0.0:${port}`]: 'admin' }, '--web.insecure-listen');
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    });

    it('serves metrics on a main socket that other machines can reach, with one warning', async () => {
      const port = await findFreePort();
      const program = await activate({ [`0.0.0.0:${port}`]: 'main' });
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${port}/agent-url?sandbox=one`)).status).toBe(404);
      expect((await program.stop()).stderr.match(/"level":"warn".*Other machines can reach/g)).toHaveLength(1);
    });

    it('is not fooled by a descriptor that is no socket', async () => {
      const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null';
      const command = [...programCommand('kata-monitor'), ...args()];
      const { code, stderr } = await keep(runCommand(['sh', '-c', script, 'sh', ...command])).ended;
      expect(code).toBe(1);
      expect(stderr).toContain('Variable LISTEN_FDS says \\"1\\", but descriptor 3 is not a socket');
    });

    it('leaves sockets alone that are meant for another process', async () => {
      const env = { LISTEN_PID: '1', LISTEN_FDS: '3' };
      const program = keep(runProgram('kata-monitor', [...args(), '--listen-address=127.0.0.1:0'], env));
      expect((await fetch(`${await program.waitForLine(pickUrl)}/healthz`)).status).toBe(200);
    });
  });

  describe('notices', () => {
    it.each([
      ['a path', () => join(folder, 'n.sock'), 'UNIX-RECV:'],
      ['an abstract name', () => `@${folder}/n`, 'ABSTRACT-RECV:'],
    ])('go to %s: ready, alive and stopping', async (_what, nameSocket, kind) => {
      const name = nameSocket();
      const receiver = spawn('socat', ['-u', '-dd', kind + name.replace(/^@/, ''), 'STDOUT'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let received = '';
      receiver.stdout.on('data', (piece: Buffer) => {
        received += piece;
      });
      let said = '';
      receiver.stderr.on('data', (piece: Buffer) => {
        said += piece;
      });
      await waitUntil(() => said.includes('starting data transfer loop'));
      const env = { NOTIFY_SOCKET: name, WATCHDOG_USEC: '100000' };
      const program = keep(runProgram('kata-monitor', [...args(), '--listen-address=127.0.0.1:0'], env));
      const url = await program.waitForLine(pickUrl);
      await waitUntil(() => received.split('WATCHDOG=1').length > 2);
      expect(received).toContain(`READY=1\nSTATUS=Listening on ${url}\n`);
      expect(received).not.toContain('STOPPING=1');
      expect((await program.stop()).code).toBe(0);
      await waitUntil(() => received.includes('STOPPING=1\nSTATUS=Ending\n'));
      const ended = once(receiver, 'close');
      receiver.kill();
      await ended;
    });

    it.each(['/nowhere/at/all', 'relative', 'vsock:2:1234'])(
      'that cannot be sent to %s are an error in the log, and nothing more',
      async (name) => {
        const env = { NOTIFY_SOCKET: name };
        const program = keep(runProgram('kata-monitor', [...args(), '--listen-address=127.0.0.1:0'], env));
        expect((await fetch(`${await program.waitForLine(pickUrl)}/readyz`)).status).toBe(200);
        await program.waitForLine((line) => (line.includes('Cannot notify the service manager: ') ? line : undefined));
        expect((await program.stop()).code).toBe(0);
      },
    );
  });

  describe('the unit files', () => {
    it('are without a fault for systemd', async () => {
      const units = join(folder, 'units');
      await cp(unitFolder, units, { recursive: true });
      const servicePath = join(units, 'kata-monitor.service');
      // The program is where a node has it, and not here.
      const service = (await readFile(servicePath, 'utf8')).replace(
        'ExecStart=kata-monitor',
        `ExecStart=${process.execPath}`,
      );
      await writeFile(servicePath, service);
      const names = ['kata-monitor.service', 'kata-monitor.socket', 'kata-monitor-admin.socket'];
      const said = await capture(
        'systemd-analyze',
        ['verify', '--man=no', ...names.map((name) => join(units, name))],
        {},
      );
      expect(said).toEqual({ code: 0, output: '' });
    });

    it('have options that the monitor takes, and read web.yml again on a reload', async () => {
      const service = await readFile(join(unitFolder, 'kata-monitor.service'), 'utf8');
      const flags = /^ExecStart=\S+(.*)$/m
        .exec(service)![1]!
        .split(' ')
        .filter((flag) => flag !== '');
      const variables = [...service.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
      const env = Object.fromEntries(variables) as Record<string, string>;
      expect(env).toEqual({
        KATA_MONITOR_METRICS_PROFILE: 'standard',
        KATA_MONITOR_STATE_DIRECTORY: '%S/kata-monitor',
        ...leanMallocVariables,
      });
      const { code, stdout } = await runProgram('kata-monitor', [...flags, '--help'], env).ended;
      expect({ code, isHelp: stdout.startsWith('Usage: kata-monitor') }).toEqual({ code: 0, isHelp: true });
      expect(service).toMatch(/^ExecStart=kata-monitor$/m);
      expect(service).toMatch(/^ExecReload=\/bin\/sh -c 'kill -HUP \$\{MAINPID\}'$/m);
      expect(service).toMatch(/^EnvironmentFile=-\/etc\/default\/kata-monitor$/m);
    });

    it('are without a fault with what the steps of docs/security.md leave, and the monitor takes their variable', async () => {
      const document = await readFile(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
      const chapter = document.slice(document.indexOf('### systemd'), document.indexOf('## Guarantees'));
      // The steps that write files, into a folder in the place of /etc.
      const steps = [...chapter.matchAll(/^(?:cp|mkdir|printf|echo) .*$/gm)].map(([line]) => line);
      expect(steps).toHaveLength(4);
      const etc = join(folder, 'etc');
      await mkdir(join(etc, 'systemd/system'), { recursive: true });
      await mkdir(join(etc, 'default'));
      const script = steps.join('\n').replaceAll(/(?<=[ >])\/etc\/(?=systemd|default)/g, `${etc}/`);
      const cwd = join(import.meta.dirname, '../..');
      expect(await capture('sh', ['-e', '-c', script], { cwd })).toEqual({ code: 0, output: '' });
      const units = join(etc, 'systemd/system');
      expect(await readFile(join(units, 'kata-monitor.socket.d/address.conf'), 'utf8')).toBe(
        '[Socket]\nListenStream=\nListenStream=8090\n',
      );
      const servicePath = join(units, 'kata-monitor.service');
      const service = (await readFile(servicePath, 'utf8')).replace(
        'ExecStart=kata-monitor',
        `ExecStart=${process.execPath}`,
      );
      await writeFile(servicePath, service);
      const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` };
      expect(
        await capture('systemd-analyze', ['verify', '--man=no', 'kata-monitor.socket', 'kata-monitor.service'], {
          env,
        }),
      ).toEqual({
        code: 0,
        output: '',
      });
      const [name = '', value = ''] = (await readFile(join(etc, 'default/kata-monitor'), 'utf8')).trim().split('=');
      const { code, stderr } = await runProgram('kata-monitor', args(), { [name]: value }).ended;
      expect(code).toBe(2);
      expect(stderr).toContain(`File \\"${value}\\" does not exist`);
    });
  });
});

/** A program's exit code, and all that it says. */
function capture(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr }),
    );
  });
}
