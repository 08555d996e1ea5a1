/**
 * Reads server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as a monitor sends them.
 * Pure: pieces in, messages out.
 */

export interface Message {
  /** The last id that the stream has sent; undefined before the first. */
  readonly id: string | undefined;
  /** Undefined for a message without data, which only has an id. */
  readonly data: string | undefined;
}

/**
 * Limit of a line, and of all data of a message. An event has some hundred bytes, with the longest names and messages a few
 * thousand.
 */
const MAX_CHARS = 1024 * 1024;

/** The id goes back to the monitor in a header; another one would fail each request to continue the stream. */
const SENDABLE_ID = /^[ -~]{0,256}$/;

export class MessageReader {
  readonly #decoder = new TextDecoder();
  /** The beginning of a line, in the pieces in which it came. */
  #pieces: string[] = [];
  #pendingChars = 0;
  #id: string | undefined;
  #data: string[] = [];
  #dataChars = 0;
  #hasField = false;

  /** The messages that are complete with this piece. @throws {Error} for a line or a message over the limit */
  *push(piece: Buffer): Generator<Message> {
    const lines = this.#decoder.decode(piece, { stream: true }).split('\n');
    for (const [i, part] of lines.entries()) {
      this.#pieces.push(part);
      this.#pendingChars += part.length;
      if (this.#pendingChars > MAX_CHARS) {
        throw new Error(`a line exceeds the limit of ${MAX_CHARS} characters`);
      }
      if (i < lines.length - 1) {
        const line = this.#pieces.join('').replace(/\r$/, '');
        this.#pieces = [];
        this.#pendingChars = 0;
        yield* this.#takeLine(line);
      }
    }
  }

  *#takeLine(line: string): Generator<Message> {
    if (line === '') {
      const data = this.#data.length === 0 ? undefined : this.#data.join('\n');
      this.#data = [];
      this.#dataChars = 0;
      if (this.#hasField) {
        this.#hasField = false;
        yield { id: this.#id, data };
      }
      return;
    }
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const text = colon < 0 ? '' : line.slice(colon + 1);
    const value = text.startsWith(' ') ? text.slice(1) : text;
    if (name === 'data') {
      // The line end counts too: lines without text are not free.
      this.#dataChars += value.length + 1;
      if (this.#dataChars > MAX_CHARS) {
        throw new Error(`a message exceeds the limit of ${MAX_CHARS} characters`);
      }
      this.#data.push(value);
      this.#hasField = true;
    } else if (name === 'id' && SENDABLE_ID.test(value)) {
      this.#id = value;
      this.#hasField = true;
    }
  }
}
