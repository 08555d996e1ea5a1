import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leanMallocVariables } from './lean-malloc.ts';

const run = promisify(execFile);
const hasExecve = process.execve !== undefined;

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kl-'));
  script = join(folder, 'program.mjs');
  await writeFile(
    script,
    `import { continueWithLeanMalloc } from ${JSON.stringify(join(import.meta.dirname, 'lean-malloc.ts'))};
     if (process.argv[2] === 'no-execve') { process.execve = undefined; }
     continueWithLeanMalloc();
     const { argv, env, execArgv, pid } = process;
     process.stdout.write(JSON.stringify({ argv: argv.slice(2), env, execArgv, pid }));`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

interface Reported {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly execArgv: readonly string[];
  readonly pid: number;
}

async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Reported & { stderr: string; childPid: number | undefined }> {
  const options = { env: { ...env, PATH: process.env['PATH'] } };
  const started = run(process.execPath, ['--stack-trace-limit=7', script, ...args], options);
  const { stdout, stderr } = await started;
  return { ...JSON.parse(stdout), stderr, childPid: started.child.pid };
}

it.runIf(hasExecve)('continues once with the variables, as the same process', async () => {
  const { argv, env, execArgv, pid, stderr, childPid } = await start(['a b', '--flag'], {
    NODE_OPTIONS: '--no-warnings',
  });
  expect({ argv, execArgv, pid, stderr }).toEqual({
    argv: ['a b', '--flag'],
    execArgv: ['--stack-trace-limit=7'],
    pid: childPid,
    stderr: '',
  });
  expect(env).toMatchObject({ ...leanMallocVariables, NODE_OPTIONS: '--no-warnings' });
});

it.each<[string, string[], Record<string, string>]>([
  ['the user has set one of them', [], { MALLOC_ARENA_MAX: '3' }],
  ['systemd has passed sockets', [], { LISTEN_FDS: '1' }],
  ['Node.js has no execve', ['no-execve'], {}],
])('starts as it is when %s', async (_name, args, env) => {
  const { MALLOC_TOP_PAD_: topPad, MALLOC_ARENA_MAX: arenas } = (await start(args, env)).env;
  expect([topPad, arenas]).toEqual([undefined, env['MALLOC_ARENA_MAX']]);
});
