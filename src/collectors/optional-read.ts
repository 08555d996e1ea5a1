/**
 * A file that a kernel may not have. Opening a missing file costs more than reading an existing one, so it is tried less
 * often.
 */

/** Reads after which a file that has never been there is looked for again: a controller of a cgroup can be turned on. */
const READS_BETWEEN = 64;

export class OptionalRead<T> {
  readonly #read: () => T | undefined;
  #wasThere = false;
  #left = 0;

  /** `read` returns undefined where the file is not there. */
  constructor(read: () => T | undefined) {
    this.#read = read;
  }

  read(): T | undefined {
    if (this.#left > 0) {
      this.#left -= 1;
      return undefined;
    }
    const value = this.#read();
    this.#wasThere ||= value !== undefined;
    this.#left = this.#wasThere ? 0 : READS_BETWEEN;
    return value;
  }
}
