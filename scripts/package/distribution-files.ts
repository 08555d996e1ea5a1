/**
 * The files of a package of a distribution: the programs with Node.js, because those of distributions are often older than the
 * programs need; the units of systemd, man pages and completions. Called by deb.ts and rpm.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { programs as describedPrograms } from '../programs.ts';
import type { Machine } from './machine.ts';
import { readNativeFiles } from './native-files.ts';
import { type PackagedFile, textFile } from './packaged-file.ts';
import { LIBRARY_FOLDER, listPayload, manifest } from './payload.ts';

const monitoringFiles = ['grafana/kata-fleet.json', 'grafana/kata-sandbox.json', 'prometheus/kata-monitor.rules.yaml'];
const deployPath = join(import.meta.dirname, '../../deploy');
const NAME = 'kata-metrics';
const commands = ['kata-metrics', 'kata-monitor'];
const MAN_COMPRESSION = { level: 9 };

export interface DistributionOptions {
  readonly machine: Machine;
  /** See `readNativeFiles`. */
  readonly foreignPackages: string | undefined;
  readonly epochSeconds: number;
}

/** `folders`: where distributions differ. */
export async function listDistributionFiles(
  { machine, foreignPackages, epochSeconds }: DistributionOptions,
  folders: { readonly units: string; readonly zsh: string },
): Promise<PackagedFile[]> {
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
      textFile(`${folders.units}/${name}`, deployed(`systemd/${name}`)),
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
        textFile(`${folders.zsh}/_${name}`, deployed(`completions/zsh/_${name}`)),
      ]),
  ];
}
