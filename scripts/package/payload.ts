/**
 * The files that the image and the packages of distributions have in common: Node.js, the programs with the code that they share, koffi,
 * the licenses and the bill of materials. Folders are those of the npm package, so that the programs find each other and
 * their version as they do there.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePageFiles, pagePackageFolders } from '../build-page.ts';
import { bundlePrograms, NATIVE_PACKAGE } from './bundle.ts';
import type { SharedLibrary } from './libraries.ts';
import type { NativeFiles } from './native-files.ts';
import { type PackagedFile, PROGRAM_MODE, textFile } from './packaged-file.ts';
import { formatSbom } from './sbom.ts';
import {
  type Component,
  formatLicenses,
  readNodeComponent,
  readNpmComponents,
  toDebianComponents,
} from './third-party.ts';

const rootPath = join(import.meta.dirname, '../..');
export const LIBRARY_FOLDER = 'usr/lib/kata-metrics';
/** Also the file that has the capability of an image for users other than root. */
export const NODE_PATH = `${LIBRARY_FOLDER}/bin/node`;

export const manifest = JSON.parse(readFileSync(join(rootPath, 'package.json'), 'utf8')) as {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: object;
  readonly bin: Readonly<Record<string, string>>;
};

export interface PayloadOptions {
  /** Names of programs of package.json. */
  readonly programs: readonly string[];
  /** Those of `programs` that are in /usr/bin. The others are started by these. */
  readonly commands: readonly string[];
  readonly natives: NativeFiles;
  readonly libraries: readonly SharedLibrary[];
  readonly epochSeconds: number;
  /** As in /usr/share/doc. */
  readonly packageName: string;
}

/** Sorted by path. */
export async function listPayload(options: PayloadOptions): Promise<PackagedFile[]> {
  const { programs, commands, natives, epochSeconds, packageName } = options;
  const { name, version, license, engines } = manifest;
  const { files, packageFolders } = await bundlePrograms(
    programs.map((name) => `src/bin/${name}.ts`),
    [NATIVE_PACKAGE],
  );
  const components = listComponents(packageFolders, options);
  const subject = { name: packageName, version, license, epochSeconds };
  const doc = `usr/share/doc/${packageName}`;
  return [
    { path: NODE_PATH, mode: PROGRAM_MODE, content: natives.node },
    textFile(
      `${LIBRARY_FOLDER}/package.json`,
      `${JSON.stringify({ name, version, type: 'module', license, engines })}\n`,
    ),
    ...[...files].map(([path, code]) =>
      textFile(
        `${LIBRARY_FOLDER}/dist/${path}`,
        code.replace(/^#!.*\n/, `#!/${NODE_PATH}\n`),
        code.startsWith('#!') ? PROGRAM_MODE : undefined,
      ),
    ),
    ...[...natives.packages].map(([path, content]) => textFile(`${LIBRARY_FOLDER}/node_modules/${path}`, content)),
    ...(hasPage(options) ? await listPage() : []),
    ...commands.map((command) => ({
      path: `usr/bin/${command}`,
      target: `../lib/kata-metrics/dist/bin/${command}.js`,
    })),
    textFile(`${doc}/copyright`, readFileSync(join(rootPath, 'LICENSE'))),
    textFile(`${doc}/THIRD-PARTY-LICENSES`, formatLicenses(components)),
    textFile(`${doc}/sbom.cdx.json`, formatSbom(subject, components)),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The monitor serves it. */
function hasPage({ programs }: PayloadOptions): boolean {
  return programs.some((program) => program === 'kata-monitor' || program === 'kata-metrics');
}

/** The page that shows the sandboxes, and the runbooks that it links to. */
async function listPage(): Promise<PackagedFile[]> {
  const runbooks = globSync('docs/runbooks/*.md', { cwd: rootPath });
  return [
    ...[...(await makePageFiles())].map(([name, bytes]) => textFile(`${LIBRARY_FOLDER}/dist/page/${name}`, bytes)),
    ...runbooks.map((path) => textFile(`${LIBRARY_FOLDER}/${path}`, readFileSync(join(rootPath, path)))),
  ];
}

function listComponents(bundled: readonly string[], options: PayloadOptions): Component[] {
  const { natives, libraries } = options;
  const folders = [...bundled, ...natives.packageFolders, ...(hasPage(options) ? pagePackageFolders : [])];
  const packages = new Map(libraries.map(({ debianPackage }) => [debianPackage.name, debianPackage]));
  return [readNodeComponent(), ...readNpmComponents(folders), ...toDebianComponents([...packages.values()])];
}
