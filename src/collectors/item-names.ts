/**
 * Names of the kernel as values of `item`. Each name is converted once, and names that would become equal are detected
 * then, so that the samples of a scrape need not be searched for duplicates.
 */
import { copyText } from '../procfs/index.ts';
import { type ItemLabels, itemLabels } from './label-sets.ts';

/** Limit of remembered names; no kernel has as many. */
const MAX_NAMES = 1024;

export class ItemNames {
  readonly #spell: (name: string) => string;
  readonly #labelsByName = new Map<string, ItemLabels>();
  readonly #items = new Set<string>();
  #mayBeAlike = false;

  constructor(spell: (name: string) => string) {
    this.#spell = spell;
  }

  /** Whether two of the names may be one item. */
  get mayBeAlike(): boolean {
    return this.#mayBeAlike;
  }

  labelsOf(name: string): ItemLabels {
    let labels = this.#labelsByName.get(name);
    if (labels === undefined) {
      labels = itemLabels(this.#spell(name));
      if (this.#labelsByName.size < MAX_NAMES) {
        this.#mayBeAlike ||= this.#items.has(labels.item);
        this.#items.add(labels.item);
        this.#labelsByName.set(copyText(name), labels);
      } else {
        this.#mayBeAlike = true;
      }
    }
    return labels;
  }
}
