/**
 * Separates new lines from old ones when a restarted Firecracker overwrites its predecessor's file: the text where new meets
 * old is not a valid line, and the lines after it are older than the first. Pure except for the recorded time.
 */

const LINE_FEED = 10;
const TIME = /^\{"utc_timestamp_ms":(\d{1,19})[,}]/;

export class NewLines {
  /** Offset of the end of the old content; everything after it is new. */
  readonly end: number;
  #firstMs: number | undefined;

  constructor(end: number) {
    this.end = end;
  }

  /** The new lines at the beginning of `bytes`, each with its line feed. */
  take(bytes: Buffer): Buffer {
    let end = 0;
    for (let feed = bytes.indexOf(LINE_FEED); feed !== -1; feed = bytes.indexOf(LINE_FEED, end)) {
      if (!this.#isNew(bytes.toString('utf8', end, feed))) {
        break;
      }
      end = feed + 1;
    }
    return bytes.subarray(0, end);
  }

  #isNew(line: string): boolean {
    const ms = Number(TIME.exec(line)?.[1]);
    if (!isJson(line) || !(ms >= (this.#firstMs ?? 0))) {
      return false;
    }
    this.#firstMs ??= ms;
    return true;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
