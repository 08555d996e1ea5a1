/**
 * The input of Firecracker's metrics: a FIFO or a plain file at a path, which may appear later, be truncated, or be
 * replaced. Reads when the kernel reports a change in the directory, and on `refresh`; no timer runs.
 */
import { type FSWatcher, type Stats, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { openMetricsFifo } from './metrics-fifo.ts';
import { MetricsFile } from './metrics-file.ts';

export interface MetricsInputOptions {
  readonly path: string;
  /** The memory is used again afterwards. */
  readonly onBytes: (bytes: Buffer) => void;
  /** Called when the following data is not the rest of the line that has begun. */
  readonly onBreak: () => void;
  readonly onProblem: (message: string) => void;
}

interface Source {
  readonly identity: string;
  readNew(): Promise<void>;
  close(): Promise<void>;
}

export class MetricsInput {
  readonly #options: MetricsInputOptions;
  readonly #watcher: FSWatcher;
  #source: Source | undefined;
  #looking: Promise<void> | undefined;
  #isStale = false;
  #isClosed = false;

  /** @throws {Error} the system error when the path's directory is not there. */
  constructor(options: MetricsInputOptions) {
    this.#options = options;
    const name = basename(options.path);
    this.#watcher = watch(dirname(options.path), { persistent: false }, (_, changed) => {
      if (changed === name) {
        void this.refresh();
      }
    });
    this.#watcher.on('error', (error) => this.#report(error));
  }

  /** Resolves when everything that a file has now was passed on; the bytes of a FIFO arrive without it. Never rejects. */
  refresh(): Promise<void> {
    // One read at a time; a call during a read causes another, because the running one may have missed the new bytes.
    this.#isStale = true;
    this.#looking ??= this.#lookUntilFresh().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher.close();
    await this.#looking;
    await this.#source?.close();
    this.#source = undefined;
  }

  async #lookUntilFresh(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      try {
        await this.#look();
      } catch (error) {
        this.#report(error);
      }
    }
  }

  async #look(): Promise<void> {
    // The rest of a renamed file comes before the file that has replaced it.
    await this.#source?.readNew();
    const stats = await statIfThere(this.#options.path);
    if (stats === undefined || identify(stats) === this.#source?.identity) {
      return;
    }
    if (this.#source !== undefined && stats.isFile() && stats.size === 0) {
      // Firecracker keeps the file open that it has: it writes to the renamed one until it is started again.
      return;
    }
    await this.#source?.close();
    this.#source = undefined;
    this.#options.onBreak();
    this.#source = await this.#open(stats);
    await this.#source.readNew();
  }

  async #open(stats: Stats): Promise<Source> {
    const { path, onBytes, onBreak } = this.#options;
    const identity = identify(stats);
    if (stats.isFIFO()) {
      const close = openMetricsFifo({ path, onBytes, onError: (error) => this.#report(error) });
      return { identity, readNew: () => Promise.resolve(), close: async () => close() };
    }
    if (!stats.isFile()) {
      throw new Error(`Cannot read metrics of "${path}": neither a FIFO nor a file`);
    }
    const file = await MetricsFile.open(path, { onBytes, onCut: onBreak });
    return { identity, readNew: () => file.readNew(), close: () => file.close() };
  }

  #report(error: unknown): void {
    this.#options.onProblem(error instanceof Error ? error.message : String(error));
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

function identify({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
