/**
 * Parses the messages of QEMU's monitor, one JSON object per line. See docs/interop/qmp-spec.rst of QEMU. QEMU is not
 * trusted: a guest may have taken it over.
 */
import { QmpError } from './qmp-error.ts';

export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string }
  | { readonly kind: 'event'; readonly event: QmpEvent };

export interface QmpEvent {
  /** Name of the event, such as `SHUTDOWN`. */
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type JsonObject = Readonly<Record<string, unknown>>;

const MAX_QUOTED_CHARS = 80;
/** Limit of the text of an error that is passed on. */
const MAX_ERROR_CHARS = 300;

/** @throws {QmpError} `invalid`. */
export function parseMessage(line: string): QmpMessage {
  const object = parseObject(line);
  const { QMP: greeting, event, data, id } = object;
  if (isObject(greeting)) {
    return { kind: 'greeting', version: readVersion(greeting) };
  }
  if (typeof event === 'string') {
    return { kind: 'event', event: { name: event, data: isObject(data) ? data : {} } };
  }
  if (typeof id === 'number' && 'return' in object) {
    return { kind: 'result', id, value: object['return'] };
  }
  if (typeof id === 'number' && isObject(object['error'])) {
    const { desc } = object['error'];
    return {
      kind: 'error',
      id,
      message: (typeof desc === 'string' ? desc : 'no reason given').slice(0, MAX_ERROR_CHARS),
    };
  }
  throw invalid(line, 'neither a greeting nor a response nor an event');
}

function parseObject(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw invalid(line, 'not JSON', error);
  }
  if (!isObject(value)) {
    throw invalid(line, 'not a JSON object');
  }
  return value;
}

/** `{"version": {"qemu": {"major": 7, "minor": 2, "micro": 22}, …}, …}` → `7.2.22`. */
function readVersion({ version }: JsonObject): string {
  const numbers = isObject(version) && isObject(version['qemu']) ? version['qemu'] : {};
  const parts = [numbers['major'], numbers['minor'], numbers['micro']];
  return parts.every(Number.isSafeInteger) ? parts.join('.') : 'unknown';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(line: string, what: string, cause?: unknown): QmpError {
  const quoted = JSON.stringify(line.slice(0, MAX_QUOTED_CHARS));
  return new QmpError('invalid', `Cannot read QEMU's monitor: ${quoted} is ${what}`, { cause });
}
