/**
 * Encodes the headers of a request, and decodes those of its response that gRPC needs: HPACK, RFC 7541. Without a dynamic
 * table, because this client announces that it has none. Pure.
 */
import { decodeHuffman } from './huffman.ts';

/** The headers of a response that gRPC needs. */
export interface GrpcHeaders {
  ':status'?: string;
  'grpc-status'?: string;
  'grpc-message'?: string;
}

const STATIC_TABLE_LENGTH = 61;
/** Index of the first entry of `:status` in the static table. Other entries of a response are skipped. */
const FIRST_STATUS_INDEX = 8;
const statusValues = ['200', '204', '206', '304', '400', '404', '500'];

/** Entries of the static table: `:method POST`, `:scheme http`, `:path`, `:authority`. */
const METHOD_POST = 0x83;
const SCHEME_HTTP = 0x86;
const PATH_INDEX = 4;
const AUTHORITY_INDEX = 1;

/** The largest number that one byte holds in these bits. */
const INDEXED_PREFIX = 0x7f;
const INDEXING_PREFIX = 0x3f;
const TABLE_SIZE_PREFIX = 0x1f;
const LITERAL_PREFIX = 0x0f;
const LENGTH_PREFIX = 0x7f;
const HUFFMAN_FLAG = 0x80;
/** Limit of the bytes of a number after the first one: no accepted length or index needs more. */
const MAX_NUMBER_BYTES = 4;

/** A POST to `path` on localhost with `headers`, whose names are in lower case. */
export function encodeRequestHeaders(path: string, headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    Buffer.from([METHOD_POST, SCHEME_HTTP, PATH_INDEX]),
    encodeText(path),
    Buffer.from([AUTHORITY_INDEX]),
    encodeText('localhost'),
    ...Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), encodeText(name), encodeText(value)]),
  ]);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length = encodeNumber(bytes.length, LENGTH_PREFIX);
  return Buffer.concat([length, bytes]);
}

function encodeNumber(value: number, prefix: number): Buffer {
  if (value < prefix) {
    return Buffer.from([value]);
  }
  const bytes = [prefix];
  let rest = value - prefix;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
    bytes.push((rest % 0x80) | 0x80);
  }
  return Buffer.from([...bytes, rest]);
}

/**
 * Values are characters U+0000 to U+00FF. Takes time linear in the length of the block.
 * @throws {RangeError} for a block that is not valid, or that uses a dynamic table
 */
export function decodeHeaders(block: Uint8Array): GrpcHeaders {
  const reader = new BlockReader(block);
  const headers: GrpcHeaders = {};
  while (!reader.isAtEnd) {
    const byte = reader.peek();
    if (byte & 0x80) {
      const index = readIndex(reader, INDEXED_PREFIX);
      const status = statusValues[index - FIRST_STATUS_INDEX];
      if (index === 0) {
        throw new RangeError('header block has an index of 0');
      }
      if (status !== undefined) {
        headers[':status'] = status;
      }
    } else if ((byte & 0xe0) === 0x20) {
      // A new size of the dynamic table, which this client has limited to 0.
      if (reader.readNumber(TABLE_SIZE_PREFIX) !== 0) {
        throw new RangeError('header block has a dynamic table, which this client does not permit');
      }
    } else {
      readLiteral(reader, byte & 0x40 ? INDEXING_PREFIX : LITERAL_PREFIX, headers);
    }
  }
  return headers;
}

function readLiteral(reader: BlockReader, prefix: number, headers: GrpcHeaders): void {
  const index = readIndex(reader, prefix);
  const isStatus = index >= FIRST_STATUS_INDEX && index < FIRST_STATUS_INDEX + statusValues.length;
  const name = index === 0 ? reader.readText() : isStatus ? ':status' : undefined;
  if (name === ':status' || name === 'grpc-status' || name === 'grpc-message') {
    headers[name] = reader.readText();
  } else {
    reader.skipText();
  }
}

function readIndex(reader: BlockReader, prefix: number): number {
  const index = reader.readNumber(prefix);
  if (index > STATIC_TABLE_LENGTH) {
    throw new RangeError(`header block has an index of ${index}, the limit is ${STATIC_TABLE_LENGTH}`);
  }
  return index;
}

class BlockReader {
  readonly #block: Uint8Array;
  #offset = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#block.length;
  }

  peek(): number {
    const byte = this.#block[this.#offset];
    if (byte === undefined) {
      throw new RangeError('header block ends within a header');
    }
    return byte;
  }

  /** Section 5.1. */
  readNumber(prefix: number): number {
    const first = this.#take() & prefix;
    if (first < prefix) {
      return first;
    }
    let value = prefix;
    for (let i = 0; i < MAX_NUMBER_BYTES; i++) {
      const byte = this.#take();
      value += (byte & 0x7f) * 0x80 ** i;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new RangeError(`header block has a number of more than ${MAX_NUMBER_BYTES} bytes`);
  }

  /** Section 5.2. */
  readText(): string {
    const isHuffman = (this.peek() & HUFFMAN_FLAG) !== 0;
    const bytes = this.#takeText();
    return isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes).toString('latin1');
  }

  skipText(): void {
    this.#takeText();
  }

  #takeText(): Uint8Array {
    const length = this.readNumber(LENGTH_PREFIX);
    const end = this.#offset + length;
    if (end > this.#block.length) {
      throw new RangeError('header block ends within a header');
    }
    const bytes = this.#block.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }

  #take(): number {
    const byte = this.peek();
    this.#offset++;
    return byte;
  }
}
