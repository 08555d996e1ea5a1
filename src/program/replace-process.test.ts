import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leanMallocVariables } from './lean-malloc.ts';
import { smallProcessFlags } from './small-process.ts';

const run = promisify(execFile);
const hasExecve = process.execve !== undefined;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kl-'));
});

afterAll(() => rm(folder, { recursive: true }));

interface Reported {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  readonly pid: number;
}

/** Starts a program that begins with a call of the function of that module. */
async function start(
  module: 'lean-malloc' | 'small-process',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Reported & { stderr: string; childPid: number | undefined }> {
  const name = { 'lean-malloc': 'continueWithLeanMalloc', 'small-process': 'continueAsSmallProcess' }[module];
  const script = join(folder, `${module}.mjs`);
  await writeFile(
    script,
    `import { ${name} } from ${JSON.stringify(join(import.meta.dirname, `${module}.ts`))};
     if (process.argv[2] === 'no-execve') { process.execve = undefined; }
     ${name}();
     const { argv, env, execArgv, pid } = process;
     process.stdout.write(JSON.stringify({ argv: argv.slice(2), env, execArgv, pid }));`,
  );
  const options = { env: { ...env, PATH: process.env['PATH'] } };
  const started = run(process.execPath, ['--stack-trace-limit=7', script, ...args], options);
  const { stdout, stderr } = await started;
  return { ...JSON.parse(stdout), stderr, childPid: started.child.pid };
}

it.runIf(hasExecve).each([
  ['the variables of malloc', 'lean-malloc', [], leanMallocVariables],
  ['the flags of a small process', 'small-process', smallProcessFlags, {}],
] as const)('continues once with %s, as the same process', async (_name, module, flags, variables) => {
  const { argv, env, execArgv, pid, stderr, childPid } = await start(module, ['a b', '--flag'], {
    NODE_OPTIONS: '--no-warnings',
  });
  expect({ argv, execArgv, pid, stderr }).toEqual({
    argv: ['a b', '--flag'],
    execArgv: ['--stack-trace-limit=7', ...flags],
    pid: childPid,
    stderr: '',
  });
  expect(env).toMatchObject({ ...variables, NODE_OPTIONS: '--no-warnings' });
});

it.each<[string, string[], Record<string, string>]>([
  ['the user has set one of them', [], { MALLOC_ARENA_MAX: '3' }],
  ['systemd has passed sockets', [], { LISTEN_FDS: '1' }],
  ['Node.js has no execve', ['no-execve'], {}],
])('starts without the variables when %s', async (_name, args, env) => {
  const { MALLOC_TOP_PAD_: topPad, MALLOC_ARENA_MAX: arenas } = (await start('lean-malloc', args, env)).env;
  expect([topPad, arenas]).toEqual([undefined, env['MALLOC_ARENA_MAX']]);
});

it('starts without the flags when Node.js has no execve', async () => {
  expect((await start('small-process', ['no-execve'])).execArgv).toEqual(['--stack-trace-limit=7']);
});
