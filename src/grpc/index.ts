/**
 * Status codes, which gRPC and ttrpc share, and the framing of gRPC messages over HTTP/2, which its clients in `cri` and
 * `otlp` share. One file, because each file costs 12 KiB in every program that loads it. Sources: the list of canonical
 * codes in google/rpc/code.proto, the document PROTOCOL-HTTP2 of gRPC.
 */
export const Code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

const CODES: readonly Code[] = Object.values(Code);

const CODE_NAMES: ReadonlyMap<Code, string> = new Map(
  Object.entries(Code).map(([key, code]) => [code, key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()]),
);

/** Name of a code in logs and documents, such as `DEADLINE_EXCEEDED`. */
export function codeName(code: Code): string {
  return CODE_NAMES.get(code) ?? `CODE_${code}`;
}

/** The code with this number, or undefined if there is none. */
export function findCode(value: number): Code | undefined {
  return CODES.find((code) => code === value);
}

/** Length of the prefix of each message: whether it is compressed, and its length in four bytes. */
export const PREFIX_BYTES = 5;

/** The prefix of a message of `length` bytes. */
export function messagePrefix(length: number, isCompressed: boolean): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** Text of the header `grpc-message`, which is UTF-8 with percent-encoding; as it is where that is broken. */
export function decodeStatusText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
