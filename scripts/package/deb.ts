/**
 * The Debian package: the programs with Node.js, because Debian's own is older than they need; the units of systemd, man pages
 * and completions. Called by main.ts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programs as describedPrograms } from '../programs.ts';
import type { Machine } from './machine.ts';
import { readNativeFiles } from './native-files.ts';
import { type PackagedFile, PROGRAM_MODE, textFile, writeFiles } from './packaged-file.ts';
import { LIBRARY_FOLDER, listPayload, manifest } from './payload.ts';

const monitoringFiles = ['grafana/kata-fleet.json', 'grafana/kata-sandbox.json', 'prometheus/kata-monitor.rules.yaml'];
const deployPath = join(import.meta.dirname, '../../deploy');
const NAME = 'kata-metrics';
const commands = ['kata-metrics', 'kata-monitor'];
/** What npm's builds of Node.js need. All of it is in every Debian: apt needs the same. */
const DEPENDS = 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)';
const MAN_COMPRESSION = { level: 9 };
const BYTES_PER_KIB = 1024;

export interface DebOptions {
  readonly machine: Machine;
  /** See `readNativeFiles`. */
  readonly foreignPackages: string | undefined;
  readonly epochSeconds: number;
}

/** Returns the path of the package in `outputPath`, which must exist. */
export async function buildDeb(outputPath: string, options: DebOptions): Promise<string> {
  const { machine, epochSeconds } = options;
  const files = await listDebFiles(options);
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

async function listDebFiles({ machine, foreignPackages, epochSeconds }: DebOptions): Promise<PackagedFile[]> {
  const payload = await listPayload({
    programs: Object.keys(manifest.bin),
    commands,
    natives: readNativeFiles(machine, foreignPackages),
    libraries: [],
    epochSeconds,
    packageName: NAME,
  });
  const deployed = (path: string): Buffer => readFileSync(join(deployPath, path));
  return [
    ...payload,
    ...['kata-monitor.service', 'kata-monitor.socket'].map((name) =>
      textFile(`lib/systemd/system/${name}`, deployed(`systemd/${name}`)),
    ),
    // kata-metrics up reads the rules and prints the path of the dashboards.
    ...monitoringFiles.map((path) => textFile(`${LIBRARY_FOLDER}/deploy/${path}`, deployed(path))),
    // An example, because the service pulls it in where it is installed.
    textFile(`usr/share/doc/${NAME}/examples/kata-monitor-admin.socket`, deployed('systemd/kata-monitor-admin.socket')),
    ...describedPrograms
      .filter(({ name }) => commands.includes(name))
      .flatMap(({ name, section }) => [
        textFile(
          `usr/share/man/man${section}/${name}.${section}.gz`,
          gzipSync(deployed(`man/${name}.${section}`), MAN_COMPRESSION),
        ),
        textFile(`usr/share/bash-completion/completions/${name}`, deployed(`completions/bash/${name}`)),
        textFile(`usr/share/fish/vendor_completions.d/${name}.fish`, deployed(`completions/fish/${name}.fish`)),
        textFile(`usr/share/zsh/vendor-completions/_${name}`, deployed(`completions/zsh/_${name}`)),
      ]),
  ];
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
