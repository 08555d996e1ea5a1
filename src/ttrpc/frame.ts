/**
 * The header that precedes the data of every frame.
 *
 *     bytes 0-3  length of the data, big-endian
 *     bytes 4-7  stream id, big-endian: odd, given by the client, rising
 *     byte  8    type
 *     byte  9    flags
 *
 * Source: PROTOCOL.md of github.com/containerd/ttrpc.
 */
export const HEADER_BYTES = 10;

/** The protocol's limit for the data of one frame. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** Stream ids are 32 bits wide and never used twice: a connection is good for 2,147,483,648 calls. */
export const MAX_STREAM_ID = 0xffff_ffff;

export const FrameType = { request: 1, response: 2, data: 3 } as const;

export const FrameFlag = {
  /** The sender of this frame sends no more data on this stream. */
  remoteClosed: 0x01,
  /** The sender of this request will send data on this stream. */
  remoteOpen: 0x02,
  /** The data frame carries no message, not even an empty one. */
  noData: 0x04,
} as const;

export interface FrameHeader {
  readonly payloadBytes: number;
  readonly streamId: number;
  /** A value of FrameType, or an unknown number. */
  readonly type: number;
  /** Flags of FrameFlag, added up. */
  readonly flags: number;
}

export function encodeHeader(header: FrameHeader): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES);
  bytes.writeUInt32BE(header.payloadBytes, 0);
  bytes.writeUInt32BE(header.streamId, 4);
  bytes.writeUInt8(header.type, 8);
  bytes.writeUInt8(header.flags, 9);
  return bytes;
}

/** Reads the header that starts at `offset`; the bytes must be there. */
export function decodeHeader(bytes: Buffer, offset: number): FrameHeader {
  return {
    payloadBytes: bytes.readUInt32BE(offset),
    streamId: bytes.readUInt32BE(offset + 4),
    type: bytes.readUInt8(offset + 8),
    flags: bytes.readUInt8(offset + 9),
  };
}
