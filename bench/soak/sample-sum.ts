/**
 * A sum over samples by which the soak tells whether a sandbox's samples came through: the same for the same lines in any
 * order, another as soon as one name, label or digit is another. Used by the shims, who say it, and by the checker.
 */

/** FNV-1a of 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class SampleSum {
  #count = 0;
  #sum = 0;

  /** Takes one sample, as the shim writes it: `name{labels} value`. */
  add(sample: string): void {
    let hash = FNV_OFFSET;
    for (let i = 0; i < sample.length; i++) {
      hash = Math.imul(hash ^ sample.charCodeAt(i), FNV_PRIME);
    }
    this.#count++;
    this.#sum = (this.#sum + hash) >>> 0;
  }

  /** Number of samples. */
  get count(): number {
    return this.#count;
  }

  /** Below 2^32. */
  get sum(): number {
    return this.#sum;
  }
}

/** Of the sample lines of a whole body. */
export function sumOfBody(body: string): SampleSum {
  const sum = new SampleSum();
  for (const line of body.split('\n')) {
    if (line !== '' && !line.startsWith('#')) {
      sum.add(line);
    }
  }
  return sum;
}
