/**
 * The status codes of a call, which are gRPC's.
 * Used by all of this module and by callers that distinguish errors; independent of messages.
 * Source: the list of canonical codes in google/rpc/code.proto.
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

/** Name of a code as it stands in logs and documents, such as `DEADLINE_EXCEEDED`. */
export function codeName(code: Code): string {
  return CODE_NAMES.get(code) ?? `CODE_${code}`;
}

/** The code with this number, or undefined if there is none. */
export function findCode(value: number): Code | undefined {
  return CODES.find((code) => code === value);
}
