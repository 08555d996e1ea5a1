import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalog, type FamilyDefinition, findFamily } from './index.ts';

/** One family of test/fixtures/contract/metrics.json, as the existing Kata components export it. */
interface ContractFamily {
  readonly name: string;
  readonly component: string;
  readonly type: string;
  readonly unit: string | null;
  readonly help: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

const contractUrl = new URL('../../test/fixtures/contract/metrics.json', import.meta.url);
const contract: readonly ContractFamily[] = JSON.parse(readFileSync(contractUrl, 'utf8')).families;
const rows: [string, FamilyDefinition][] = Object.entries(catalog);

/** Labels that the monitor adds to every family of a sandbox, so no row of the catalog has them. */
const monitorLabels = new Set(['sandbox_id', 'cri_uid', 'cri_name', 'cri_namespace']);

/** Labels sorted by name, each with its values sorted. */
function sortedLabels(labels: Readonly<Record<string, readonly string[]>>): [string, string[]][] {
  const entries = Object.entries(labels).map(([name, values]): [string, string[]] => [name, [...values].sort()]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

describe('the contract', () => {
  it('has 127 families, and the catalog marks exactly these', () => {
    expect(contract).toHaveLength(127);
    const marked = rows.filter(([, family]) => family.isContract).map(([name]) => name);
    expect(marked.sort()).toEqual(contract.map((family) => family.name).sort());
  });

  it.each(contract)('$name is as promised', (promised) => {
    const { sandbox_id: _addedByTheMonitor, ...labels } = promised.labels;
    const family = findFamily(promised.name);
    expect(family).toMatchObject({ component: promised.component, type: promised.type });
    expect(family?.unit ?? null).toBe(promised.unit);
    expect(sortedLabels(family?.labels ?? {})).toEqual(sortedLabels(labels));
  });

  it.each(contract.filter((family) => !family.name.includes('_go_')))(
    '$name begins its HELP with that of the contract',
    (promised) => {
      expect(findFamily(promised.name)?.help.slice(0, promised.help.length)).toBe(promised.help);
    },
  );

  // Upstream's HELP alone, such as "Guest CPU stat.", names neither unit nor meaning.
  it.each(['agent', 'guest', 'shim', 'hypervisor', 'virtiofsd'])(
    'names the unit of families with items of %s',
    (component) => {
      const families = rows.filter(([, family]) => family.component === component && 'item' in family.labels);
      expect(families.length).toBeGreaterThan(1);
      expect(families.filter(([, { help }]) => !/bytes|seconds|ticks|KiB|number|counts?\b|pages/i.test(help))).toEqual(
        [],
      );
    },
  );

  it.each(contract.filter((family) => family.name.includes('_go_')))(
    '$name states after its HELP what this program measures',
    (promised) => {
      const help = findFamily(promised.name)?.help ?? '';
      expect(help.startsWith(promised.help)).toBe(true);
      expect(help.slice(promised.help.length)).toMatch(/^ Here: \S.*\.$/);
    },
  );
});

describe('every row', () => {
  it.each(rows)('%s is complete', (name, family) => {
    expect(name).toMatch(/^kata_[a-z0-9_]+$/);
    expect(family.help).toMatch(/^\S.*\S$/);
    expect(family.value).toMatch(/^\S.*$/);
    expect(family.source).toMatch(/^\S.*$/);
    expect(Object.keys(family.labels).filter((label) => !/^[a-z_]+$/.test(label))).toEqual([]);
    const repeated = Object.values(family.labels).filter((values) => new Set(values).size !== values.length);
    expect(repeated).toEqual([]);
  });

  it.each(rows.filter(([, family]) => family.component !== 'sandbox'))(
    '%s leaves its labels to the monitor',
    (_name, family) => {
      expect(Object.keys(family.labels).filter((label) => monitorLabels.has(label))).toEqual([]);
    },
  );
});

describe('findFamily', () => {
  it.each(['toString', '__proto__', 'kata_guest', ''])('finds no family %j', (name) => {
    expect(findFamily(name)).toBeUndefined();
  });
});
