/**
 * All families of a sandbox as objects of the API, from the scans of its result. Pure.
 */
import type { FamilyStatus } from '../../api/index.ts';
import { findFamily } from '../../catalog/index.ts';
import {
  keepNames,
  type Naming,
  readSampleLine,
  type Scan,
  type ScannedFamily,
  unescapeHelp,
} from '../../exposition/index.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';

/** Returns the families sorted by name. `naming`: the naming of the families of the shim. */
export function readFamilies(
  { scan, derived }: Pick<SandboxResult, 'derived' | 'scan'>,
  naming: Naming,
): FamilyStatus[] {
  return [...readScan(scan, naming), ...readScan(derived, keepNames)].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readScan(scanned: Scan | undefined, naming: Naming): FamilyStatus[] {
  return (scanned?.form.families ?? []).flatMap((family) => {
    const place = naming(family.name);
    return scanned === undefined || place.kind !== 'named' || family.segments.length === 0
      ? []
      : [toStatus(family, scanned, place.prefix)];
  });
}

function toStatus({ name, type, help, segments }: ScannedFamily, scanned: Scan, prefix: string): FamilyStatus {
  const finalName = prefix + name;
  const known = findFamily(finalName);
  return {
    name: finalName,
    type: known?.type ?? type ?? 'unknown',
    unit: known !== undefined && 'unit' in known ? (known.unit ?? null) : null,
    help: known?.help ?? (help === undefined ? null : unescapeHelp(help.toString())),
    samples: segments.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => {
        const sample = readSampleLine(scanned, from + i);
        return { name: prefix + sample.name, labels: Object.fromEntries(sample.labels), value: sample.value };
      }),
    ),
  };
}
