/**
 * Reads the bytes written to a plain file since the last read. The owner calls it; the position belongs to the open file, so a
 * renamed file is read to its end. Firecracker opens its file neither for appending nor with truncation: after a restart it
 * overwrites the old lines, and after a truncation it continues at its old position.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { NewLines } from './new-lines.ts';

export interface MetricsFileOptions {
  readonly onBytes: (bytes: Buffer) => void;
  /** The file was cut, or is written anew: what follows is not the rest of a line. */
  readonly onCut: () => void;
}

const CHUNK_BYTES = 64 * 1024;
/** A longer line is treated as an old one. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 10;

/** Bytes of the beginning of a file by which a new file is recognized: a line begins with its time in milliseconds. */
const HEAD_BYTES = 64;

/** Firecracker writes a line in pieces of 1 KB, microseconds apart: a file that has rested for this long has whole lines. */
const REST_MS = 20;
const MAX_RESTS = 10;

export class MetricsFile {
  readonly #file: FileHandle;
  readonly #options: MetricsFileOptions;
  #offset = 0;
  /** The first bytes of the file, as far as they have been read. */
  #head: Buffer = Buffer.alloc(0);
  /** Offset of the end of the file when it was truncated: its writer continues there. */
  #cutAt = 0;
  /** Lines over old ones; undefined where all that comes is new. */
  #newLines: NewLines | undefined;

  private constructor(file: FileHandle, options: MetricsFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** @throws {Error} the system error, or for another kind of file. */
  static async open(path: string, options: MetricsFileOptions): Promise<MetricsFile> {
    // The hypervisor, which a guest may have taken over, can replace it at any time: a FIFO must not be waited for.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw new Error(`Cannot read metrics of "${path}": it is no plain file any more`);
    }
    return new MetricsFile(file, options);
  }

  async readNew(): Promise<void> {
    const { size } = await this.#file.stat();
    await this.#noticeChange(size);
    if (this.#newLines !== undefined) {
      await this.#readOver(this.#newLines);
    } else if (size > this.#offset) {
      this.#offset = await this.#read(this.#offset, this.#options.onBytes);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #noticeChange(size: number): Promise<void> {
    const head = await this.#readAt(0, HEAD_BYTES);
    const isSame = head.subarray(0, this.#head.length).equals(this.#head);
    this.#head = head;
    if (size < this.#offset) {
      this.#cutAt = Math.max(this.#cutAt, this.#offset);
      this.#offset = 0;
      this.#newLines = undefined;
      this.#options.onCut();
    } else if (!isSame && head[0] !== 0) {
      // A hole at the beginning is a file that was cut and has grown beyond its old size: its writer has gone on.
      this.#newLines = new NewLines(Math.max(size, this.#newLines?.end ?? 0));
      this.#offset = 0;
      this.#options.onCut();
    }
    if (this.#offset === 0 && this.#cutAt > 0 && size > this.#cutAt && head[0] === 0) {
      this.#offset = this.#cutAt;
    }
    if (this.#offset > 0) {
      this.#cutAt = 0;
    }
  }

  /** Reads from the offset to the first line that is not new. */
  async #readOver(newLines: NewLines): Promise<void> {
    await this.#rest();
    for (let length = CHUNK_BYTES; length <= MAX_LINE_BYTES; ) {
      const bytes = await this.#readAt(this.#offset, length);
      const taken = newLines.take(bytes);
      this.#offset += taken.length;
      if (taken.length > 0) {
        this.#options.onBytes(taken);
        length = CHUNK_BYTES;
      } else if (bytes.length === length && bytes[0] !== 0 && !bytes.includes(LINE_FEED)) {
        length *= 2;
      } else {
        break;
      }
    }
    if (this.#offset >= newLines.end) {
      this.#newLines = undefined;
    }
  }

  async #rest(): Promise<void> {
    for (let tries = 0; tries < MAX_RESTS; tries++) {
      const { mtimeMs } = await this.#file.stat();
      const restedMs = Date.now() - mtimeMs;
      if (restedMs >= REST_MS || restedMs < 0) {
        return;
      }
      await sleep(REST_MS - restedMs);
    }
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#file.read({ buffer, position });
    return buffer.subarray(0, bytesRead);
  }

  /** Returns where it ended. */
  async #read(from: number, onBytes: (bytes: Buffer) => void): Promise<number> {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let offset = from; ; ) {
      const { bytesRead } = await this.#file.read({ buffer, position: offset });
      if (bytesRead === 0) {
        return offset;
      }
      offset += bytesRead;
      onBytes(buffer.subarray(0, bytesRead));
    }
  }
}
