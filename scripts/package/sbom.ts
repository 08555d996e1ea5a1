/**
 * What a package or an image holds as a software bill of materials in CycloneDX, JSON. Made from the modules that are really
 * in the bundle, from Node.js and from Debian's libraries: tools that read the npm tree list packages that are not shipped,
 * and neither of the other two. The same components give the same bytes. Called by payload.ts.
 */
import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';
import type { Component } from './third-party.ts';

export interface SbomSubject {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly epochSeconds: number;
}

export function formatSbom(subject: SbomSubject, components: readonly Component[]): string {
  const root = new Models.Component(Enums.ComponentType.Application, subject.name, {
    bomRef: `${subject.name}@${subject.version}`,
    version: subject.version,
    licenses: toLicenses(subject.license),
  });
  const parts = components.map(toModel);
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ component: root, timestamp: new Date(subject.epochSeconds * 1000) }),
    components: new Models.ComponentRepository(parts),
  });
  for (const part of parts) {
    root.dependencies.add(part.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function toModel(component: Component): Models.Component {
  const { kind, name, version, license, parts } = component;
  const [group, shortName] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const type = kind === 'node' ? Enums.ComponentType.Platform : Enums.ComponentType.Library;
  return new Models.Component(type, shortName!, {
    ...(group === undefined ? {} : { group }),
    version,
    bomRef: toPurl(component),
    purl: toPurl(component),
    ...(license === undefined ? {} : { licenses: toLicenses(license) }),
    ...(kind === 'node' ? { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` as const } : {}),
    components: new Models.ComponentRepository(
      Object.entries(parts).map(([part, partVersion]) => {
        const bomRef = `node/${part}@${partVersion}`;
        return new Models.Component(Enums.ComponentType.Library, part, { bomRef, version: partVersion });
      }),
    ),
  });
}

function toLicenses(text: string): Models.LicenseRepository {
  const license = SPDX.isSupportedSpdxId(text) ? new Models.SpdxLicense(text) : new Models.LicenseExpression(text);
  return new Models.LicenseRepository([license]);
}

/** A package URL: https://github.com/package-url/purl-spec. */
function toPurl({ kind, name, version, architecture }: Component): string {
  const path = name.split('/').map(encodeURIComponent).join('/');
  const at = `${path}@${encodeURIComponent(version)}`;
  switch (kind) {
    case 'npm':
      return `pkg:npm/${at}`;
    case 'node':
      return `pkg:generic/${at}`;
    case 'deb':
      return `pkg:deb/debian/${at}?arch=${architecture}`;
  }
}
