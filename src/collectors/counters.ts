/**
 * Counters and histograms of a program that stands on a node once for each sandbox: what a shim needs of a client library, as
 * families of the catalog. The monitor uses prom-client.
 */
import { catalog, type FamilyName } from '../catalog/index.ts';
import type { Sample } from '../exposition/index.ts';
import type { CatalogFamily } from './family.ts';

/** Counts by the values of one label. */
export class LabelledCounter {
  readonly #name: FamilyName;
  readonly #label: string;
  readonly #series = new Map<string, { readonly labels: Sample['labels']; value: number }>();

  constructor(name: FamilyName, label: string) {
    this.#name = name;
    this.#label = label;
  }

  add(labelValue: string, count: number): void {
    let series = this.#series.get(labelValue);
    if (series === undefined) {
      series = { labels: { [this.#label]: labelValue }, value: 0 };
      this.#series.set(labelValue, series);
    }
    series.value += count;
  }

  /** Series in the order in which they came. */
  collect(): CatalogFamily {
    return toFamily(
      this.#name,
      [...this.#series.values()].map(({ labels, value }) => ({ labels, value })),
    );
  }
}

/** Labels of the samples of one histogram: those of its buckets, and those of sum and count. */
interface Distribution {
  readonly bucketLabels: readonly Sample['labels'][];
  readonly labels: Sample['labels'];
  /** Of each bucket alone; the last one has no upper limit. */
  readonly counts: Float64Array;
  sum: number;
}

/** Histograms by the values of one label. */
export class LabelledHistogram {
  readonly #name: FamilyName;
  readonly #label: string;
  /** Upper limits of the buckets, rising. */
  readonly #limits: readonly number[];
  readonly #series = new Map<string, Distribution>();

  constructor(name: FamilyName, label: string, limits: readonly number[]) {
    this.#name = name;
    this.#label = label;
    this.#limits = limits;
  }

  observe(labelValue: string, value: number): void {
    let series = this.#series.get(labelValue);
    if (series === undefined) {
      series = this.#open(labelValue);
      this.#series.set(labelValue, series);
    }
    const bucket = this.#limits.findIndex((limit) => value <= limit);
    const index = bucket < 0 ? this.#limits.length : bucket;
    series.counts[index] = series.counts[index]! + 1;
    series.sum += value;
  }

  /** Series in the order in which they came. */
  collect(): CatalogFamily {
    const samples: Sample[] = [];
    for (const { bucketLabels, labels, counts, sum } of this.#series.values()) {
      let count = 0;
      for (const [i, bucket] of bucketLabels.entries()) {
        count += counts[i]!;
        samples.push({ suffix: '_bucket', labels: bucket, value: count });
      }
      samples.push({ suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count });
    }
    return toFamily(this.#name, samples);
  }

  #open(labelValue: string): Distribution {
    const labels = { [this.#label]: labelValue };
    const limits = [...this.#limits.map(String), '+Inf'];
    return {
      bucketLabels: limits.map((le) => ({ ...labels, le })),
      labels,
      counts: new Float64Array(limits.length),
      sum: 0,
    };
  }
}

function toFamily(name: FamilyName, samples: readonly Sample[]): CatalogFamily {
  const { type, help } = catalog[name];
  return { name, type, help, samples };
}
