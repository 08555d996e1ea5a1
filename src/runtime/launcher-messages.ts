/**
 * Encodes and decodes the two messages of protobuf that the launcher needs, because it loads no library. Source: the
 * encoding of protobuf.
 */

const VARINT = 0;
const BYTES = 2;
/** Fields of containerd.runtime.bootstrap.v1.BootstrapParams: addresses of containerd, which no other message there has. */
const TTRPC_ADDRESS = 5;
const GRPC_ADDRESS = 6;

/** containerd.task.v2.DeleteResponse. */
export function encodeDeleteResponse(response: { readonly exitStatus: number; readonly exitedAtMs: number }): Buffer {
  const seconds = Math.floor(response.exitedAtMs / 1000);
  const nanos = Math.floor(response.exitedAtMs % 1000) * 1e6;
  const timestamp = Buffer.concat([encodeVarintField(1, seconds), encodeVarintField(2, nanos)]);
  return Buffer.concat([
    encodeVarintField(2, response.exitStatus),
    Buffer.from([(3 << 3) | BYTES, timestamp.length]),
    timestamp,
  ]);
}

/**
 * Whether standard input of `start` is what containerd 2.3 gives, with version 3 of the shim's protocol; before, it was the
 * runtime's options as google.protobuf.Any, which has the fields 1 and 2 only.
 */
export function isBootstrapParams(bytes: Buffer): boolean {
  const fields = new Set<number>();
  for (let at = 0; at < bytes.length; ) {
    const [key, afterKey] = decodeVarint(bytes, at);
    const [value, afterValue] = decodeVarint(bytes, afterKey);
    const type = key & 7;
    if (type !== VARINT && type !== BYTES) {
      return false;
    }
    at = type === BYTES ? afterValue + value : afterValue;
    fields.add(key >>> 3);
  }
  return fields.has(TTRPC_ADDRESS) || fields.has(GRPC_ADDRESS);
}

function encodeVarintField(field: number, value: number): Buffer {
  const bytes = [(field << 3) | VARINT];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** The value, and where it ends; past the end of the bytes when it is cut off. */
function decodeVarint(bytes: Buffer, from: number): [value: number, end: number] {
  let value = 0;
  let factor = 1;
  for (let at = from; at < bytes.length; at++) {
    value += (bytes[at]! & 0x7f) * factor;
    factor *= 0x80;
    if (bytes[at]! < 0x80) {
      return [value, at + 1];
    }
  }
  return [0, bytes.length];
}
