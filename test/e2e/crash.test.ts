/**
 * A fault in the code of a program is no wrong usage: once, shim and agent reported each TypeError with "Try --help". Faults are
 * put into each program before it starts.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { getOverUnix } from '../support/get-over-unix.ts';
import { waitUntil } from '../support/processes.ts';
import { programCommand, runCommand, runProgram } from '../support/run-program.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crash-'));
  await mkdir(join(folder, 'two'));
});

afterEach(async () => {
  // A shim that has crashed leaves its sandbox to a guard, which removes it.
  await rm(folder, { recursive: true, maxRetries: 10 });
});

const programs: ReadonlyArray<readonly [name: string, args: () => string[]]> = [
  ['kata-agent', () => [`--listen=unix://${folder}/agent.sock`]],
  [
    'kata-shim',
    () => ['run', `--root=${folder}`, '--sandbox-id=one', '--hypervisor=process', '--workload-command=exec sleep 60'],
  ],
  ['kata-monitor', () => ['--listen-address=127.0.0.1:0', `--sandboxes-root=${folder}`]],
  ['kata-metrics', () => ['ls', `--sandboxes-root=${folder}`]],
];

function runWith(code: string, name: string, args: string[]) {
  // Children of the program have no fault.
  const fault = `if (process.argv[1]?.endsWith('${name}.ts')) { ${code} }`;
  const program = runProgram(name, args, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
  });
  // One that does not end would be left by a test that fails.
  onTestFinished(() => {
    program.child.kill();
  });
  return program.ended;
}

const faults = [
  ['while it starts', `process.once = process.stdout.write = () => undefined.missing;`],
  ['in a timer', `const t = setTimeout; process.stdout.write = () => true; t(() => undefined.missing, 1);`],
] as const;

describe.each(programs)('a fault in the code of %s', (name, args) => {
  it.each(faults)('%s ends it with a stack and 70', async (_when, code) => {
    const { code: exitCode, stderr } = await runWith(code, name, args());
    expect(stderr).toContain(`${name}: internal error, please report it to the maintainers\nTypeError: `);
    expect(stderr).toMatch(/^ {4}at /m);
    expect(stderr).not.toContain('--help');
    expect(exitCode).toBe(70);
  });

  it('is no wrong usage, which ends it with 2', async () => {
    const { code, stderr } = await runProgram(name, ['--no-such-flag']).ended;
    expect(stderr).toMatch(/^Try "kata-.* --help"$/m);
    expect(code).toBe(2);
  });
});

describe('a log that cannot be written', () => {
  it('does not end the monitor', async () => {
    const socket = `${folder}/monitor.sock`;
    const args = [`--listen-address=unix://${socket}`, `--sandboxes-root=${folder}`, '--log-level=debug'];
    const program = ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh', ...programCommand('kata-monitor'), ...args] as const;
    const monitor = runCommand([...program]);
    await waitUntil(() =>
      getOverUnix(socket, '/healthz').then(
        (text) => text === 'ok\n',
        () => false,
      ),
    );
    expect(await getOverUnix(socket, '/metrics')).toContain('kata_monitor_');
    expect((await monitor.stop()).code).toBe(0);
  });
});
