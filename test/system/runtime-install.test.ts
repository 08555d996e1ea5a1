/**
 * `kata-metrics runtime` beside the real containerd, 1.6 and 2: what containerd reads afterwards, and what is never touched.
 * containerd is not started: it prints the configuration that it would use.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingForContainerd2, provideContainerd2 } from '../support/containerd-2.ts';
import { missingPackages } from '../support/requirements.ts';
import { type ProgramEnd, runProgram } from '../support/run-program.ts';

const BUILD_MS = 25 * 60_000;

/** The form of Debian's own file: settings of CRI that must stay. */
const CONFIG_2 = `
[plugins."io.containerd.grpc.v1.cri"]
  max_container_log_line_size = 9000
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
`;
const CONFIG_3 = `
[plugins."io.containerd.cri.v1.runtime"]
  max_container_log_line_size = 9000
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
`;

type Table = { readonly [key: string]: Table } & { readonly [key: string]: unknown };

const kinds = [
  {
    name: 'containerd of Debian',
    missing: missingPackages(['containerd']),
    provide: () => Promise.resolve('containerd'),
    version: 2,
    config: CONFIG_2,
  },
  {
    name: 'containerd 2',
    missing: missingForContainerd2(),
    provide: async () => join(await provideContainerd2(), 'containerd'),
    version: 3,
    config: CONFIG_3,
  },
  {
    name: 'containerd 2 with a file of the older version',
    missing: missingForContainerd2(),
    provide: async () => join(await provideContainerd2(), 'containerd'),
    version: 2,
    config: CONFIG_2,
  },
];

/** In place of `it`: declares no test. One that is skipped on purpose would count as one that cannot run. */
const undeclared = Object.assign(() => undefined, { each: () => () => undefined }) as unknown as typeof it;

describe.each(kinds)('kata-metrics runtime: $name', ({ name, missing, provide, version, config }) => {
  describe.skipIf(missing.length > 0)(`${name}${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`, () => {
    /** What does not depend on containerd, once. */
    const itOnce = name === kinds[0]!.name ? it : undeclared;
    let containerd: string;
    let folder: string;
    let configPath: string;
    let dropIn: string;
    let shim: string;

    beforeAll(async () => {
      containerd = await provide();
    }, BUILD_MS);

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ki-'));
      configPath = join(folder, 'config.toml');
      dropIn = join(folder, 'conf.d/kata-metrics.toml');
      shim = join(folder, 'containerd-shim-kata-v2');
      writeFileSync(shim, '#!/bin/sh\n');
      chmodSync(shim, 0o755);
      writeConfig(`imports = ["${folder}/conf.d/*.toml"]`);
    });

    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    const writeConfig = (...lines: string[]): void =>
      writeFileSync(configPath, [`version = ${version}`, ...lines, config].join('\n'));
    const addDropIn = (file: string, text: string): void => {
      mkdirSync(join(folder, 'conf.d'), { recursive: true });
      writeFileSync(join(folder, 'conf.d', file), text);
    };
    const runtime = (action: string, ...more: string[]): Promise<ProgramEnd> =>
      runProgram('kata-metrics', [
        ...['runtime', action, `--containerd=${containerd}`, `--containerd-config=${configPath}`],
        ...[`--drop-in=${dropIn}`, `--shim=${shim}`, ...more],
      ]).ended;
    /** The settings of CRI that containerd would use. */
    const readCri = (): Table => {
      const text = execFileSync(containerd, ['--config', configPath, 'config', 'dump'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const { plugins } = parse(text) as Table;
      return (plugins!['io.containerd.cri.v1.runtime'] ?? plugins!['io.containerd.grpc.v1.cri']) as Table;
    };
    const listRuntimes = (): string[] => Object.keys(readCri()['containerd']!['runtimes'] as Table).toSorted();

    it('adds the runtime, keeps every other setting, and removes it again', async () => {
      const before = readCri();
      const { code, stdout, stderr } = await runtime('install');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(
        /^Wrote ".*": runtime "kata" is ".*"\ncontainerd \d+\.\d+\.\S+ reads it\. Restart containerd/,
      );
      expect(listRuntimes()).toEqual(['kata', 'runc']);
      const after = readCri();
      const { kata, ...runtimes } = after['containerd']!['runtimes'] as Table;
      expect(kata).toMatchObject({
        runtime_type: 'io.containerd.kata.v2',
        runtime_path: shim,
        pod_annotations: ['io.katacontainers.*'],
        privileged_without_host_devices: true,
      });
      expect({ ...after, containerd: { ...after['containerd'], runtimes } }).toEqual(before);
      expect((await runtime('install')).code).toBe(0);
      expect((await runtime('uninstall')).stdout).toMatch(/^Removed /);
      expect([readCri(), existsSync(dropIn)]).toEqual([before, false]);
      expect((await runtime('uninstall')).stdout).toMatch(/nothing to remove/);
    });

    it('keeps settings of other drop-ins, and takes new ones over when it is run again', async () => {
      const plugin = /"io[^"]*"/.exec(config)![0];
      const write = (size: number): void =>
        addDropIn('a.toml', `version = ${version}\n[plugins.${plugin}]\n  max_container_log_line_size = ${size}\n`);
      for (const size of [5000, 6000]) {
        write(size);
        expect((await runtime('install')).code).toBe(0);
        expect(readCri()['max_container_log_line_size']).toBe(size);
      }
    });

    it('says what is left to do where containerd does not import the file, and checks it afterwards', async () => {
      writeConfig();
      const { code, stderr } = await runtime('install');
      expect(code).toBe(1);
      expect(stderr).toContain(`containerd does not read it yet. Add this line at the beginning of "${configPath}"`);
      const line = /^imports = .*$/m.exec(stderr)![0];
      writeConfig(line);
      expect((await runtime('install')).code).toBe(0);
      expect(listRuntimes()).toEqual(['kata', 'runc']);
    });

    itOnce('changes nothing in a dry run', async () => {
      const { stdout } = await runtime('install', '--dry-run');
      expect(parse(stdout)).toMatchObject({ version });
      expect(existsSync(dropIn)).toBe(false);
      await runtime('install');
      await runtime('uninstall', '--dry-run');
      expect(existsSync(dropIn)).toBe(true);
    });

    itOnce.each(['install', 'uninstall'])('leaves a file and a link of others as they are: %s', async (action) => {
      addDropIn('kata-metrics.toml', `version = ${version}\n`);
      expect(await runtime(action)).toMatchObject({ code: 1, stderr: expect.stringContaining('was not written by') });
      expect(readFileSync(dropIn, 'utf8')).toBe(`version = ${version}\n`);
      rmSync(dropIn);
      symlinkSync('/dev/null', dropIn);
      expect(await runtime(action)).toMatchObject({ code: 1, stderr: expect.stringContaining('was not written by') });
      expect(readdirSync(join(folder, 'conf.d'))).toEqual(['kata-metrics.toml']);
    });

    it('does not replace a runtime of the same name', async () => {
      const own = await runtime('install', '--dry-run', '--name=upstream');
      addDropIn('a.toml', own.stdout);
      expect(await runtime('install', '--name=upstream')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('Runtime "upstream" is in the configuration of containerd already'),
      });
      expect(readdirSync(join(folder, 'conf.d'))).toEqual(['a.toml']);
    });

    itOnce.each([
      ['a broken file', () => writeFileSync(configPath, 'version = '), /Cannot read ".*config\.toml": /],
      [
        'a file of version 1',
        () => writeFileSync(configPath, 'version = 1\n'),
        /its version is 1, at least 2 is required/,
      ],
      ['no file', () => rmSync(configPath), /Cannot read ".*config\.toml": .*no such file/],
      ['no shim', () => rmSync(shim), /Cannot run the shim ".*containerd-shim-kata-v2": /],
    ])('says why it cannot install: %s', async (_, spoil, message) => {
      spoil();
      const { code, stderr } = await runtime('install');
      expect([code, existsSync(dropIn)]).toEqual([1, false]);
      expect(stderr).toMatch(message);
    });
  });
});

describe('kata-metrics runtime: its command line', () => {
  it.each([
    [['install', '--name=Kata'], /Option "--name" must be .*, got "Kata"/],
    [['install', '--drop-in=x.toml'], /Option "--drop-in" must be an absolute path .*, got "x\.toml"/],
    [['install', '--drop-in=/x.conf'], /Option "--drop-in" must be .*, got "\/x\.conf"/],
    [[], /Command "runtime" takes one of install, uninstall, got none/],
    [['remove'], /got "remove"/],
    [['install', 'twice'], /got "install twice"/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await runProgram('kata-metrics', ['runtime', ...args]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
