/**
 * What is in one frame on a serial line; docs/transports.md has the protocol. All numbers are big-endian:
 *
 *   0      kind
 *   1-8    session, 0 in `hello`
 *   9-12   value
 *   13-    data, of `data` only
 *   last 4 CRC-32 (as in zlib) of all bytes before
 */
import { crc32 } from './crc32.ts';

/**
 * `hello`: the guest's side has begun, and knows of no session. `open`: the host begins a session; value: bytes that it
 * takes unasked. `accept`: the guest's response; value: the same of its side. `data`; value: offset of its first byte.
 * `credit`; value: offset up to which the other side may send. `end`: no more data; value: offset of the end.
 * `reset`: there is no such session any more. Offsets count a direction's bytes of one session, modulo 2^32.
 */
export type FrameKind = 'hello' | 'open' | 'accept' | 'data' | 'credit' | 'end' | 'reset';

export interface LinkFrame {
  readonly kind: FrameKind;
  readonly session: bigint;
  readonly value: number;
  readonly data: Buffer;
}

const KIND_CODES: Readonly<Record<FrameKind, number>> = {
  hello: 1,
  open: 2,
  accept: 3,
  data: 4,
  credit: 5,
  end: 6,
  reset: 7,
};
const KINDS: ReadonlyMap<number, FrameKind> = new Map(
  Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as FrameKind]),
);

const HEADER_BYTES = 13;
const CHECKSUM_BYTES = 4;
const NO_DATA = Buffer.alloc(0);

/**
 * Limit of the data of one frame. The kernel's driver of the port accepts 32 KiB in one write, so half of that is never
 * split.
 */
export const MAX_DATA_BYTES = 16 * 1024;
export const MAX_FRAME_BYTES = HEADER_BYTES + MAX_DATA_BYTES + CHECKSUM_BYTES;

/** The session of a frame that belongs to none. */
export const NO_SESSION = 0n;

export function encodeLinkFrame({ kind, session, value, data }: LinkFrame): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + data.length + CHECKSUM_BYTES);
  bytes[0] = KIND_CODES[kind];
  bytes.writeBigUInt64BE(session, 1);
  bytes.writeUInt32BE(value, 9);
  data.copy(bytes, HEADER_BYTES);
  const end = HEADER_BYTES + data.length;
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

/** Returns undefined if the bytes are not a complete frame of a known kind, as after a restart in its middle. */
export function decodeLinkFrame(bytes: Buffer): LinkFrame | undefined {
  const end = bytes.length - CHECKSUM_BYTES;
  const kind = KINDS.get(bytes[0] ?? 0);
  if (end < HEADER_BYTES || kind === undefined || crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) {
    return undefined;
  }
  return {
    kind,
    session: bytes.readBigUInt64BE(1),
    value: bytes.readUInt32BE(9),
    data: end === HEADER_BYTES ? NO_DATA : bytes.subarray(HEADER_BYTES, end),
  };
}

/** A frame without data. */
export function toControlFrame(kind: Exclude<FrameKind, 'data'>, session: bigint, value = 0): LinkFrame {
  return { kind, session, value, data: NO_DATA };
}
