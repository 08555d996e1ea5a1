/**
 * The RPM package, by rpmbuild, which Debian has too. Called by main.ts.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DistributionOptions, listDistributionFiles } from './distribution-files.ts';
import { type PackagedFile, writeFiles } from './packaged-file.ts';
import { LIBRARY_FOLDER, manifest } from './payload.ts';

const NAME = 'kata-metrics';
const RELEASE = 1;
const folders = { units: 'usr/lib/systemd/system', zsh: 'usr/share/zsh/site-functions' };
const UNITS = 'kata-monitor.socket kata-monitor.service';
/** With all that is in them. */
const ownFolders = [LIBRARY_FOLDER, `usr/share/doc/${NAME}`];

/** The same bytes everywhere, and the files as they are: nothing of them is stripped, compiled or compressed once more. */
const definitions: Readonly<Record<string, string>> = {
  _buildhost: 'localhost',
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '1',
  source_date_epoch_from_changelog: '0',
  _binary_payload: 'w9.zstdio',
  _build_id_links: 'none',
  debug_package: '%{nil}',
  __os_install_post: '%{nil}',
};

/** Returns the path of the package in `outputPath`, which must exist. */
export async function buildRpm(outputPath: string, options: DistributionOptions): Promise<string> {
  const { machine, epochSeconds } = options;
  const files = await listDistributionFiles(options, folders);
  const folder = mkdtempSync(join(tmpdir(), 'kata-rpm-'));
  try {
    const rootPath = join(folder, 'root');
    mkdirSync(rootPath);
    writeFiles(rootPath, files, epochSeconds);
    const specPath = join(folder, `${NAME}.spec`);
    writeFileSync(specPath, formatSpec(files, rootPath));
    const paths = { _topdir: folder, _rpmdir: folder, _rpmfilename: 'package.rpm' };
    const defined = Object.entries({ ...definitions, ...paths }).flatMap(([name, value]) => ['-D', `${name} ${value}`]);
    execFileSync('rpmbuild', ['-bb', '--quiet', '--target', `${machine.rpm}-linux`, ...defined, specPath], {
      env: { ...process.env, SOURCE_DATE_EPOCH: `${epochSeconds}` },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const path = join(outputPath, `${NAME}-${manifest.version}-${RELEASE}.${machine.rpm}.rpm`);
    execFileSync('cp', [join(folder, 'package.rpm'), `${path}.new`]);
    renameSync(`${path}.new`, path);
    return path;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Units are enabled by the presets of the distribution, which is what its own packages do. */
function formatSpec(files: readonly PackagedFile[], rootPath: string): string {
  const others = files.map(({ path }) => path).filter((path) => !ownFolders.some((own) => path.startsWith(`${own}/`)));
  return `Name: ${NAME}
Version: ${manifest.version}
Release: ${RELEASE}
Summary: ${manifest.description.replace(/^The /, '')}
License: ${manifest.license}
AutoReqProv: no
Requires: glibc >= 2.28, libgcc, libstdc++ >= 8

%description
kata-monitor serves the metrics of all Kata Containers sandboxes of a node to Prometheus; kata-metrics shows them in a terminal.
The package includes Node.js.

%install
mkdir -p %{buildroot}
cp -a ${rootPath}/. %{buildroot}/

%post
if [ "$1" -eq 1 ]; then systemctl --no-reload preset ${UNITS} >/dev/null 2>&1 || :; fi
systemctl daemon-reload >/dev/null 2>&1 || :

%preun
if [ "$1" -eq 0 ]; then systemctl --no-reload disable --now ${UNITS} >/dev/null 2>&1 || :; fi

%postun
systemctl daemon-reload >/dev/null 2>&1 || :
if [ "$1" -ge 1 ]; then systemctl try-restart kata-monitor.service >/dev/null 2>&1 || :; fi

%files
%defattr(-,root,root,-)
${[...ownFolders, ...others].map((path) => `/${path}`).join('\n')}
`;
}
