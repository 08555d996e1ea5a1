/**
 * Frames of HTTP/2: RFC 9113, sections 4 and 6.
 */

export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export const settingIds = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxHeaderListSize: 6,
} as const;

/** Error codes, section 7. */
export const errorCodes = {
  noError: 0,
  protocolError: 1,
  flowControlError: 3,
  frameSizeError: 6,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

/** A fault of the peer or of the connection. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error';
  /** Error code that is sent to the peer. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  /** 0: of the connection. */
  readonly streamId: number;
  readonly payload: Buffer;
}

export const CLIENT_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const HEADER_BYTES = 9;
/** The first bit of the four bytes has no meaning. */
export const MAX_STREAM_ID = 0x7fff_ffff;
/** A peer may send no larger ones, because this client does not announce that it accepts them. */
export const MAX_PAYLOAD_BYTES = 16_384;

export function encodeFrame(type: number, flags: number, streamId: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(streamId, 5);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

export function encodeUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Pairs of an id and a value. */
export function encodeSettings(settings: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * settings.length);
  for (const [i, [id, value]] of settings.entries()) {
    payload.writeUInt16BE(id, 6 * i);
    payload.writeUInt32BE(value, 6 * i + 2);
  }
  return encodeFrame(frameTypes.settings, 0, 0, payload);
}

/** Finds the frames in the bytes of a connection, however they are split. Holds at most one frame. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes until the next frame, or its header, is complete. */
  #neededBytes = HEADER_BYTES;

  /**
   * The frames that are complete. Payloads may be parts of `chunk`.
   * @throws {Http2Error} for a frame that is too large
   */
  *read(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#neededBytes) {
      return;
    }
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let offset = 0;
    let neededBytes = HEADER_BYTES;
    while (bytes.length - offset >= HEADER_BYTES) {
      const length = bytes.readUIntBE(offset, 3);
      if (length > MAX_PAYLOAD_BYTES) {
        const message = `not HTTP/2, or a frame of ${length} bytes: the limit is ${MAX_PAYLOAD_BYTES}`;
        throw new Http2Error(errorCodes.frameSizeError, message);
      }
      const end = offset + HEADER_BYTES + length;
      if (end > bytes.length) {
        neededBytes = HEADER_BYTES + length;
        break;
      }
      yield {
        type: bytes[offset + 3]!,
        flags: bytes[offset + 4]!,
        streamId: bytes.readUInt32BE(offset + 5) & MAX_STREAM_ID,
        payload: bytes.subarray(offset + HEADER_BYTES, end),
      };
      offset = end;
    }
    this.#chunks = offset === bytes.length ? [] : [bytes.subarray(offset)];
    this.#bytes = bytes.length - offset;
    this.#neededBytes = neededBytes;
  }
}

/**
 * The payload of DATA or HEADERS without padding and priority.
 * @throws {Http2Error} for padding that is longer than the payload
 */
export function removePadding({ type, flags, payload }: Frame): Buffer {
  const isPadded = (flags & frameFlags.padded) !== 0;
  const paddingBytes = isPadded ? (payload[0] ?? Number.POSITIVE_INFINITY) : 0;
  const start = (isPadded ? 1 : 0) + (type === frameTypes.headers && flags & frameFlags.priority ? 5 : 0);
  if (start + paddingBytes > payload.length) {
    throw new Http2Error(errorCodes.protocolError, 'HTTP/2 frame has more padding than bytes');
  }
  return payload.subarray(start, payload.length - paddingBytes);
}
