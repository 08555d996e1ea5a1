/**
 * Reads what has been appended to a plain file since the last time. Told by its owner when to look; keeps its place by the
 * open file, so that one that was renamed is read to its end.
 */
import { type FileHandle, open } from 'node:fs/promises';

export interface MetricsFileOptions {
  readonly onBytes: (bytes: Buffer) => void;
  /** The file was cut: what follows is not the rest of a line. */
  readonly onCut: () => void;
}

const CHUNK_BYTES = 64 * 1024;

export class MetricsFile {
  readonly #file: FileHandle;
  readonly #options: MetricsFileOptions;
  #offset = 0;

  private constructor(file: FileHandle, options: MetricsFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Rejects with the system's error. */
  static async open(path: string, options: MetricsFileOptions): Promise<MetricsFile> {
    return new MetricsFile(await open(path, 'r'), options);
  }

  /** A file that is cut and has grown beyond its old size between two looks is not seen to have been cut. */
  async readNew(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size < this.#offset) {
      this.#offset = 0;
      this.#options.onCut();
    }
    if (size === this.#offset) {
      return;
    }
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await this.#file.read({ buffer, position: this.#offset });
      if (bytesRead === 0) {
        return;
      }
      this.#offset += bytesRead;
      this.#options.onBytes(buffer.subarray(0, bytesRead));
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
