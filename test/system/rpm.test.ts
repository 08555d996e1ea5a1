/**
 * The RPM package: built twice, and installed below a separate folder, by Debian's rpm. Its scripts need a systemd and are not
 * run: test/system/deb.test.ts runs the same programs and units under one.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { thisMachine } from '../../scripts/package/machine.ts';
import { buildRpm } from '../../scripts/package/rpm.ts';
import { missingPackages } from '../support/requirements.ts';

const run = promisify(execFile);
const missing = missingPackages(['binutils', 'rpm']);
const isRoot = process.getuid?.() === 0;
const EPOCH_SECONDS = 1_700_000_000;

describe.skipIf(missing.length > 0 || !isRoot)(
  `the RPM package (needs root, ${missing.join(', ') || 'nothing more'})`,
  () => {
    let folder: string;
    let path: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'km-'));
      path = await build();
    });

    afterAll(async () => {
      await rm(folder, { recursive: true });
    });

    async function build(): Promise<string> {
      const options = { machine: thisMachine!, foreignPackages: undefined, epochSeconds: EPOCH_SECONDS };
      return buildRpm(await mkdtemp(join(folder, 'rpm-')), options);
    }

    /** Below the folder, in the place of this machine's own root. */
    async function rpm(...args: string[]): Promise<string> {
      const flags = ['--root', join(folder, 'root'), '--nodeps', '--noscripts'];
      return (await run('rpm', [...args.slice(0, 1), ...flags, ...args.slice(1)])).stdout;
    }

    async function listRoot(): Promise<string[]> {
      const root = join(folder, 'root');
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
        .filter((name) => name.startsWith('usr/') && !/^usr\/lib\/(?:sysimage|rpm)/.test(name));
    }

    it('has the same bytes when it is built again', async () => {
      const [first, second] = await Promise.all([path, await build()].map((each) => readFile(each)));
      process.stdout.write(`The RPM package: ${(first!.length / 1e6).toFixed(1)} MB\n`);
      expect(second!.equals(first!)).toBe(true);
    });

    it('is installed with working programs, and leaves nothing when it is removed', async () => {
      await rpm('--install', path);
      expect(await rpm('--verify', 'kata-metrics')).toBe('');
      const root = join(folder, 'root');
      const library = join(root, 'usr/lib/kata-metrics');
      const { stdout } = await run(join(library, 'bin/node'), [join(root, 'usr/bin/kata-monitor'), '--version']);
      expect(stdout).toMatch(/^kata-monitor \d/);
      expect(await listRoot()).toEqual(
        expect.arrayContaining([
          'usr/bin/kata-metrics',
          'usr/lib/systemd/system/kata-monitor.service',
          'usr/lib/systemd/system/kata-monitor.socket',
          'usr/share/doc/kata-metrics/sbom.cdx.json',
          'usr/share/man/man8/kata-monitor.8.gz',
        ]),
      );
      await rpm('--erase', 'kata-metrics');
      const left = (await listRoot()).filter((name) => name.includes('kata'));
      expect(left).toEqual([]);
    });
  },
);
