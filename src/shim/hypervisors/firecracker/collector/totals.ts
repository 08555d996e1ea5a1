/**
 * Sums Firecracker's values over its lines, as families. Holds one number for each series and nothing of the lines. The names
 * are foreign, so their number is limited: values beyond a limit, and invalid ones, are reported to `onRefused`.
 */
import { findFamily, type OpenFamilyName } from '../../../../catalog/index.ts';
import { type CatalogFamily, openFamily } from '../../../../collectors/index.ts';
import type { Counting } from './groups.ts';
import type { FirecrackerValue } from './parse-line.ts';

/** Why a value was dropped. */
export type ValueRefusal = 'bad_name' | 'bad_value' | 'too_many';

/** A release of 2026 has 330 values, and 26 more for each disk and network interface: this is enough for 150 of each. */
const MAX_SERIES = 8192;
/** Groups beside those of the catalog; no release has had more than seven of them. */
const MAX_OPEN_FAMILIES = 32;
/** The longest names of Firecracker have 37 characters; its ids of devices at most 64. */
const MAX_NAME_CHARS = 128;
/** A larger change has wrapped below zero: Firecracker subtracts two unsigned 64-bit counters, and the first may be less. */
const MAX_DELTA = 2n ** 63n - 1n;

interface Series {
  readonly counting: Counting;
  readonly labels: Readonly<Record<string, string>>;
  value: bigint | number;
}

interface Group {
  /** Two groups may not become one family, which would have samples twice: the first has the name. */
  readonly group: string;
  readonly series: Map<string, Series>;
}

export class FirecrackerTotals {
  readonly #onRefused: (reason: ValueRefusal) => void;
  readonly #groups = new Map<OpenFamilyName, Group>();
  #seriesCount = 0;
  #openCount = 0;

  constructor(onRefused: (reason: ValueRefusal) => void) {
    this.#onRefused = onRefused;
  }

  add(values: readonly FirecrackerValue[]): void {
    for (const entry of values) {
      const refusal = this.#addOne(entry);
      if (refusal !== undefined) {
        this.#onRefused(refusal);
      }
    }
  }

  /** Totals first, then devices, each in the order in which they were first seen. */
  families(): CatalogFamily[] {
    return [...this.#groups].map(([name, { group, series }]) => {
      const samples = [...series.values()].sort((a, b) => Object.keys(a.labels).length - Object.keys(b.labels).length);
      return openFamily(name, findFamily(name)?.help ?? `Metrics of Firecracker's group "${group}".`, samples);
    });
  }

  #addOne({ group, device, item, counting, value }: FirecrackerValue): ValueRefusal | undefined {
    if (!isCountable(counting, value)) {
      return 'bad_value';
    }
    if ([group, item, device ?? '_'].some((name) => name === '' || name.length > MAX_NAME_CHARS)) {
      return 'bad_name';
    }
    const family = this.#findGroup(group);
    if (typeof family === 'string') {
      return family;
    }
    const key = JSON.stringify([item, device]);
    const known = family.series.get(key);
    if (known === undefined) {
      if (this.#seriesCount >= MAX_SERIES) {
        return 'too_many';
      }
      this.#seriesCount += 1;
      family.series.set(key, { counting, labels: device === undefined ? { item } : { item, device }, value });
      return undefined;
    }
    if (known.counting !== counting) {
      // A field and a part of an aggregate can have the same name; the first one is kept.
      return 'bad_name';
    }
    known.value = counting === 'delta' ? BigInt(known.value) + BigInt(value) : value;
    return undefined;
  }

  #findGroup(group: string): Group | 'bad_name' | 'too_many' {
    const name = toFamilyName(group);
    const found = this.#groups.get(name);
    if (found !== undefined) {
      return found.group === group ? found : 'bad_name';
    }
    const definition = findFamily(name);
    if (definition !== undefined && !Object.hasOwn(definition.labels, 'item')) {
      // The name of a family that is no group, such as the age.
      return 'bad_name';
    }
    const isOpen = definition === undefined;
    if (isOpen && this.#openCount >= MAX_OPEN_FAMILIES) {
      return 'too_many';
    }
    this.#openCount += isOpen ? 1 : 0;
    const made: Group = { group, series: new Map() };
    this.#groups.set(name, made);
    return made;
  }
}

/** Deltas are whole numbers that are not below zero: a sum of such never falls. What stands as it is may be anything. */
function isCountable(counting: Counting, value: bigint | number): boolean {
  return counting === 'delta'
    ? typeof value === 'bigint' && value >= 0n && value <= MAX_DELTA
    : typeof value === 'bigint' || Number.isFinite(value);
}

/** Characters that no metric name has become `_`. */
function toFamilyName(group: string): OpenFamilyName {
  return `kata_firecracker_${group.replace(/[^A-Za-z0-9_]/g, '_')}`;
}
