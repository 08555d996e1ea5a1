/**
 * Labels of samples, as one object for each set of values. A scrape creates none of them again, and a printer recognizes
 * a series of the last scrape by identity.
 */

import { copyText } from '../procfs/index.ts';

/** If there are more sets, all are dropped: names of disks and interfaces come and go. */
const MAX_SETS = 8192;

export interface ItemLabels<I extends string = string> {
  readonly item: I;
}

const byItem = new Map<string, ItemLabels>();

/** `{ item }`. */
export function itemLabels<I extends string>(item: I): ItemLabels<I> {
  let labels = byItem.get(item);
  if (labels === undefined) {
    const own = copyText(item) as I;
    labels = { item: own };
    if (byItem.size >= MAX_SETS) {
      byItem.clear();
    }
    byItem.set(own, labels);
  }
  return labels as ItemLabels<I>;
}

/** Sets of a label and `item`. */
export class LabelsWithItem<N extends string> {
  readonly #name: N;
  readonly #sets = new Map<string, Map<string, Readonly<Record<N | 'item', string>>>>();
  #size = 0;

  constructor(name: N) {
    this.#name = name;
  }

  /** `{ [name]: value, item }`. */
  of(value: string, item: string): Readonly<Record<N | 'item', string>> {
    let ofValue = this.#sets.get(value);
    let labels = ofValue?.get(item);
    if (labels === undefined) {
      if (this.#size >= MAX_SETS) {
        this.#sets.clear();
        this.#size = 0;
        ofValue = undefined;
      }
      const own = copyText(value);
      labels = { [this.#name]: own, item: copyText(item) } as Readonly<Record<N | 'item', string>>;
      ofValue ??= new Map();
      this.#sets.set(own, ofValue.set(labels.item, labels));
      this.#size++;
    }
    return labels;
  }
}
