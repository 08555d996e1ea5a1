/**
 * Files of /proc that stay open between scrapes: the kernel generates such a file again at each read of its beginning,
 * and opening and closing it takes longer than that. A program that is scraped has one set of them; `read.ts` uses it.
 */
import { closeSync, openSync } from 'node:fs';

/**
 * Files of one record, which the kernel returns whole to a read that is large enough: the end need not be looked for. See
 * single_open() in fs/seq_file.c.
 */
const ONE_RECORD = /^(?:(?:stat|meminfo|loadavg|uptime|pressure\/\w+)|(?:self|\d+)\/(?:stat|status|io|limits))$/;

/**
 * Files of several records. Not those of net/ or the mounts of another process, which would keep a namespace alive that is not
 * ours.
 */
const RECORDS = /^(?:vmstat|diskstats|self\/mountinfo)$/;

/** A shim reads twenty of them. */
const MAX_DESCRIPTORS = 64;

export interface KeptDescriptor {
  readonly descriptor: number;
  readonly isOneRecord: boolean;
}

export class KeptDescriptors {
  readonly #byName = new Map<string, KeptDescriptor | undefined>();

  /**
   * Returns the descriptor of `file`, whose path below the root is `name`. Undefined for a file that is opened each time.
   * @throws {Error} the errors of open(2).
   */
  open(file: string, name: string): KeptDescriptor | undefined {
    let kept = this.#byName.get(name);
    if (kept !== undefined || this.#byName.has(name)) {
      return kept;
    }
    if (this.#byName.size < MAX_DESCRIPTORS) {
      const isOneRecord = ONE_RECORD.test(name);
      kept = isOneRecord || RECORDS.test(name) ? { descriptor: openSync(file, 'r'), isOneRecord } : undefined;
      this.#byName.set(name, kept);
    }
    return kept;
  }

  /** Closes a file whose read has failed: the process has ended, and another one may have its PID. */
  forget(name: string): void {
    const kept = this.#byName.get(name);
    this.#byName.delete(name);
    if (kept !== undefined) {
      closeSync(kept.descriptor);
    }
  }

  close(): void {
    for (const name of [...this.#byName.keys()]) {
      this.forget(name);
    }
  }
}
