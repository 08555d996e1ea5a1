/**
 * The Debian package, by dpkg-deb. Called by main.ts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DistributionOptions, listDistributionFiles } from './distribution-files.ts';
import type { Machine } from './machine.ts';
import { type PackagedFile, PROGRAM_MODE, textFile, writeFiles } from './packaged-file.ts';
import { manifest } from './payload.ts';

const deployPath = join(import.meta.dirname, '../../deploy');
const NAME = 'kata-metrics';
const folders = { units: 'lib/systemd/system', zsh: 'usr/share/zsh/vendor-completions' };
/** What npm's builds of Node.js need. All of it is in every Debian: apt needs the same. */
const DEPENDS = 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)';
const BYTES_PER_KIB = 1024;

/** Returns the path of the package in `outputPath`, which must exist. */
export async function buildDeb(outputPath: string, options: DistributionOptions): Promise<string> {
  const { machine, epochSeconds } = options;
  const files = await listDistributionFiles(options, folders);
  const folder = mkdtempSync(join(tmpdir(), 'kata-deb-'));
  try {
    writeFiles(folder, [...files, ...listControlFiles(files, machine)], epochSeconds);
    const path = join(outputPath, `${NAME}_${manifest.version}_${machine.debian}.deb`);
    // zstd takes a quarter of the time of xz -1 for 6 % more bytes, which counts more on a node: it is unpacked at every upgrade.
    // With one thread, so that the bytes do not depend on the number of processors.
    const flags = ['--root-owner-group', '-Zzstd', '-z9', '--threads-max=1', '--build'];
    execFileSync('dpkg-deb', [...flags, folder, path], {
      env: { ...process.env, SOURCE_DATE_EPOCH: `${epochSeconds}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return path;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function listControlFiles(files: readonly PackagedFile[], { debian }: Machine): PackagedFile[] {
  const regular = files.filter((file) => 'content' in file);
  const sizeKib = regular.reduce((sum, { content }) => sum + Math.ceil(content.length / BYTES_PER_KIB), 0);
  const control = [
    `Package: ${NAME}`,
    `Version: ${manifest.version}`,
    `Architecture: ${debian}`,
    'Maintainer: The maintainers of kata-metrics',
    `Installed-Size: ${sizeKib}`,
    `Depends: ${DEPENDS}`,
    'Section: admin',
    'Priority: optional',
    `Description: ${manifest.description.replace(/^The /, '')}`,
    ' kata-monitor serves the metrics of all Kata Containers sandboxes of a node to Prometheus; kata-metrics shows them in a',
    ' terminal. The package includes Node.js.',
    '',
  ].join('\n');
  const sums = regular.map(({ path, content }) => `${createHash('md5').update(content).digest('hex')}  ${path}\n`);
  return [
    textFile('DEBIAN/control', control),
    textFile('DEBIAN/md5sums', sums.join('')),
    ...['postinst', 'prerm', 'postrm'].map((name) =>
      textFile(`DEBIAN/${name}`, readFileSync(join(deployPath, 'debian', name)), PROGRAM_MODE),
    ),
  ];
}
