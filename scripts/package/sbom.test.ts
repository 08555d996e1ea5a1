import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, it } from 'vitest';
import { formatSbom } from './sbom.ts';
import { type Component, formatLicenses, readNodeComponent, readNpmComponents } from './third-party.ts';

const modules = new URL('../../node_modules', import.meta.url).pathname;
const components: Component[] = [
  readNodeComponent(),
  ...readNpmComponents([`${modules}/yaml`, `${modules}/bcryptjs`, `${modules}/@bufbuild/protobuf`]),
  {
    kind: 'deb',
    name: 'libc6',
    version: '2.36-9+deb12u1',
    architecture: 'amd64',
    license: undefined,
    licenseText: 'Copyright of libc6.',
    parts: {},
  },
];
const subject = { name: 'kata-monitor', version: '0.1.0', license: 'Apache-2.0', epochSeconds: 1_700_000_000 };

it('is valid CycloneDX 1.6, by the strict schema', async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(formatSbom(subject, components))).toBeNull();
});

it('names each component by a package URL, and the parts of Node.js', () => {
  const bom = JSON.parse(formatSbom(subject, components)) as {
    metadata: { timestamp: string };
    components: { name: string; group?: string; purl: string; components?: { name: string; version: string }[] }[];
  };
  const node = bom.components.find(({ name }) => name === 'node');
  expect(bom.metadata.timestamp).toBe('2023-11-14T22:13:20.000Z');
  expect(node?.components).toContainEqual(
    expect.objectContaining({ name: 'openssl', version: process.versions.openssl }),
  );
  expect(bom.components.map(({ purl }) => purl.replace(/(?<=@)\d+\.\d+\.\d+$/, 'V')).sort()).toEqual([
    'pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64',
    'pkg:generic/node@V',
    'pkg:npm/%40bufbuild/protobuf@V',
    'pkg:npm/bcryptjs@V',
    'pkg:npm/yaml@V',
  ]);
});

it('does not depend on the order of the components', () => {
  expect(formatSbom(subject, components.toReversed())).toBe(formatSbom(subject, components));
});

it('comes with the text of each license, or says that the package has none', () => {
  const text = formatLicenses(components);
  expect(text).toContain('Copyright Node.js contributors.');
  expect(text).toContain('Copyright of libc6.');
  expect(text).toMatch(/^yaml \S+ \(ISC\)$/m);
  expect(text).toContain('Its package declares the license (Apache-2.0 AND BSD-3-Clause) and has no text of it.');
});
