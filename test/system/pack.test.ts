/**
 * The package as others get it: built, packed, installed into an empty folder from the registry, and each of its
 * programs run there on every supported Node.js.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePort } from '../support/free-port.ts';
import { pickUrl, runCommand } from '../support/run-program.ts';

const run = promisify(execFile);
const rootPath = join(import.meta.dirname, '../..');
const manifest: { version: string; bin: Record<string, string> } = JSON.parse(
  await readFile(join(rootPath, 'package.json'), 'utf8'),
);

/** The oldest and the pinned Node.js, from the npm packages of that name. */
const runtimes = [
  { major: 22, nodePath: join(rootPath, 'node_modules/node22/bin/node') },
  { major: 24, nodePath: join(rootPath, 'node_modules/node/bin/node') },
] as const;
const programs = Object.keys(manifest.bin);
const runs = runtimes.flatMap((runtime) => programs.map((program) => ({ ...runtime, program })));

let workPath = '';
let installPath = '';

beforeAll(async () => {
  workPath = await mkdtemp(join(tmpdir(), 'kata-metrics-pack-'));
  await run('npm', ['pack', '--pack-destination', workPath], { cwd: rootPath });
  const packs = (await readdir(workPath)).filter((name) => name.endsWith('.tgz'));
  expect(packs).toEqual([`kata-metrics-${manifest.version}.tgz`]);
  installPath = join(workPath, 'installed');
  await mkdir(installPath);
  await writeFile(join(installPath, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--omit=dev', '--no-fund', '--no-audit', '--loglevel=error'];
  await run('npm', ['install', ...flags, join(workPath, packs[0] ?? '')], { cwd: installPath });
});

afterAll(async () => {
  await rm(workPath, { recursive: true, force: true });
});

async function listPack(): Promise<string[]> {
  const { stdout } = await run('tar', ['-tzf', join(workPath, `kata-metrics-${manifest.version}.tgz`)]);
  return stdout.trim().split('\n');
}

describe('the package', () => {
  it('holds the programs, the documents and the license', async () => {
    const expected = ['package.json', 'README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'LICENSE', 'docs/metrics.md'];
    const names = [...expected, ...Object.values(manifest.bin), 'dist/ttrpc/index.js', 'dist/ttrpc/index.d.ts'];
    expect(await listPack()).toEqual(expect.arrayContaining(names.map((name) => `package/${name}`)));
  });

  it('holds no sources and no tests', async () => {
    const unwanted = /\.test\.|^package\/(?:src|test|bench|scripts|node_modules)\/|(?<!\.d)\.ts$/;
    expect((await listPack()).filter((path) => unwanted.test(path))).toEqual([]);
  });
});

describe.each(runs)('$program on Node.js $major', ({ program, nodePath, major }) => {
  /** The file that the name of the program leads to, as a shell would find it, but on this Node.js. */
  const runProgram = (flag: string) => run(nodePath, [join(installPath, 'node_modules/.bin', program), flag]);

  it('runs on the Node.js that is meant', async () => {
    const { stdout } = await run(nodePath, ['--version']);
    expect(stdout).toMatch(new RegExp(`^v${major}\\.`));
  });

  it('says its version', async () => {
    expect((await runProgram('--version')).stdout).toContain(manifest.version);
  });

  it('says how it is used', async () => {
    expect((await runProgram('--help')).stdout).toMatch(new RegExp(`^Usage: ${program}\\b`));
  });
});

/** Too old; from the npm packages of that name, which a project cannot have beside its own Node.js. */
const oldVersions = ['16.20.2', '20.20.2'] as const;

describe('programs on a Node.js that is too old', () => {
  const nodePath = (version: string): string => join(workPath, 'old', 'node_modules', `node-${version}`, 'bin/node');

  beforeAll(async () => {
    const folder = join(workPath, 'old');
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }\n');
    const packages = oldVersions.map((version) => `node-${version}@npm:node@${version}`);
    await run('npm', ['install', '--no-fund', '--no-audit', '--loglevel=error', ...packages], { cwd: folder });
  });

  it.each(oldVersions.flatMap((version) => programs.map((program) => ({ version, program }))))(
    '$program on $version says so in its first lines, and does nothing else',
    async ({ version, program }) => {
      const path = join(installPath, 'node_modules/.bin', program);
      const { code, stdout, stderr } = await runCommand([nodePath(version), path, '--listen-address=127.0.0.1:0'])
        .ended;
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: `${program}: needs Node.js 22.18 or newer, this is v${version}\n`,
      });
    },
  );
});

describe('kata-monitor with the arguments of published manifests', () => {
  /** Upstream's DaemonSet and its chart have the same. */
  const manifests = [
    [
      "upstream's DaemonSet and chart",
      '-listen-address=0.0.0.0:8090 -log-level=debug -runtime-endpoint=unix:///run/containerd/containerd.sock',
    ],
    ['OpenShift', '--listen-address=:8090 --log-level=debug --runtime-endpoint=/run/crio/crio.sock'],
  ] as const;

  it.each(manifests)('%s: is scraped, with one warning and without its admin pages', async (_name, args) => {
    const port = await findFreePort();
    const program = join(installPath, 'node_modules/.bin/kata-monitor');
    // The port of the manifest may be another program's here.
    const monitor = runCommand([program, ...args.replace(':8090', `:${port}`).split(' ')]);
    const url = (await monitor.waitForLine(pickUrl)).replace('[::]', '127.0.0.1').replace('0.0.0.0', '127.0.0.1');
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^kata_monitor_running_shim_count 0$/m);
    const statusOf = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;
    const open = ['/', '/metrics', '/sandboxes', '/healthz', '/readyz'];
    expect(await Promise.all(open.map(statusOf))).toEqual(open.map(() => 200));
    const closed = ['/agent-url?sandbox=a', '/debug/vars?sandbox=a', '/debug/pprof/?sandbox=a'];
    expect(await Promise.all(closed.map(statusOf))).toEqual(closed.map(() => 404));
    const { code, stderr } = await monitor.stop();
    expect(code).toBe(0);
    const warning =
      /"level":"warn".*Other machines can reach this address without a password or certificate: only metr/g;
    expect(stderr.match(warning)).toHaveLength(1);
  });
});

describe.each(runtimes)('kata-monitor with web.yml on Node.js $major', ({ nodePath }) => {
  it('checks passwords, which its own thread does', async () => {
    const webConfigPath = join(workPath, 'web.yml');
    await writeFile(webConfigPath, `basic_auth_users: { alice: "${hashSync('wonderland', 4)}" }\n`);
    const program = join(installPath, 'node_modules/.bin/kata-monitor');
    const flags = ['--listen-address=127.0.0.1:0', `--sandboxes-root=${installPath}`];
    const monitor = runCommand([nodePath, program, ...flags, `--web.config.file=${webConfigPath}`]);
    const url = await monitor.waitForLine(pickUrl);
    const askAs = async (credentials: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
      return (await fetch(`${url}/metrics`, { headers: { authorization } })).status;
    };
    expect([await askAs('alice:wonderland'), await askAs('alice:wonder'), await askAs('bob:x')]).toEqual([
      200, 401, 401,
    ]);
    expect((await monitor.stop()).code).toBe(0);
  });
});

describe.each(runtimes)('kata-metrics/ttrpc on Node.js $major', ({ nodePath }) => {
  it('can be imported', async () => {
    const script = `const m = await import('kata-metrics/ttrpc'); console.log(typeof m.TtrpcClient, typeof m.TtrpcServer)`;
    const { stdout } = await run(nodePath, ['--input-type=module', '--eval', script], { cwd: installPath });
    expect(stdout).toBe('function function\n');
  });
});

describe('programs by their own first line', () => {
  it.each(programs)('%s runs by its name', async (program) => {
    const path = join(installPath, 'node_modules/.bin', program);
    expect((await run(path, ['--version'])).stdout).toContain(manifest.version);
  });
});

describe('types of kata-metrics/ttrpc', () => {
  it('are found by the compiler of who uses it', async () => {
    const source = [
      "import { connect } from 'node:net';",
      "import { Code, TtrpcClient, TtrpcError } from 'kata-metrics/ttrpc';",
      "export const client: TtrpcClient = new TtrpcClient(connect('/run/example.sock'));",
      'export const isCancelled = (error: unknown): boolean =>',
      '  error instanceof TtrpcError && error.code === Code.cancelled;',
    ].join('\n');
    await writeFile(join(installPath, 'use.ts'), source);
    const typeRoots = join(rootPath, 'node_modules/@types');
    const target = ['--module', 'nodenext', '--target', 'es2024', '--strict', '--noEmit'];
    const flags = [...target, '--types', 'node', '--typeRoots', typeRoots, 'use.ts'];
    await expect(run(join(rootPath, 'node_modules/.bin/tsc'), flags, { cwd: installPath })).resolves.toBeDefined();
  });
});
