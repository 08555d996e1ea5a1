/**
 * The last words of a sandbox: its final values, which its shim writes into a file when the sandbox ends, and the monitor
 * reads. One versioned JSON object; this file writes and checks it. The shim may be hostile, so every field has a type
 * and a limit. Pure.
 */
import { idPattern, isId } from '../ids/index.ts';

/** Why a sandbox ended. */
export const endReasons = [
  /** Its workload finished, or the guest was shut down from inside. */
  'finished',
  /** Its workload or its hypervisor failed. */
  'failed',
  /** The kernel of its guest panicked. */
  'panicked',
  /** Its shim was requested to stop it, as the kubelet does when it deletes a pod. */
  'stopped',
  /** Its shim was killed; the process that cleans up after the shim wrote the values of the cgroup. */
  'shim_killed',
  /** Its shim left no file; the values are those of the last scrape. */
  'unknown',
] as const;

export type EndReason = (typeof endReasons)[number];

/**
 * The values, and the most that a sandbox can have: for each second of its lifetime, or in total. A limit keeps a value
 * that is made up from spoiling the sums of all sandboxes for ever; it is far above what a machine can do.
 */
export const finalValueLimits = {
  /** CPU time of the guest, or of the workload if there is no virtual machine. */
  cpuSeconds: { perSecond: 1024 },
  /** CPU time of hypervisor, virtiofsd and shim on the host. */
  hostCpuSeconds: { perSecond: 1024 },
  memoryPeakBytes: { total: 2 ** 50 },
  hostMemoryPeakBytes: { total: 2 ** 50 },
  networkReceiveBytes: { perSecond: 1e11 },
  networkTransmitBytes: { perSecond: 1e11 },
  diskReadBytes: { perSecond: 1e11 },
  diskWrittenBytes: { perSecond: 1e11 },
} as const satisfies Readonly<Record<string, { readonly perSecond: number } | { readonly total: number }>>;

export type FinalValueName = keyof typeof finalValueLimits;

/** Base units; a value that is not known is missing. */
export type FinalValues = { readonly [N in FinalValueName]?: number | undefined };

export interface PodNames {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export interface LastWords {
  readonly sandboxId: string;
  /** Tells this sandbox from an earlier one with the same id, such as the time when its shim started. */
  readonly epoch: string;
  readonly reason: EndReason;
  /** Description for people, such as `QEMU was ended by SIGKILL`. Empty if the reason says everything. */
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** The pod, where the shim knows it. */
  readonly pod: PodNames | undefined;
  readonly values: FinalValues;
}

export const LAST_WORDS_VERSION = 1;
/** Limit of a file: 128 characters of id, three names of Kubernetes, a message and ten numbers are 1.6 KiB. */
export const MAX_LAST_WORDS_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 256;
/** Names of pods and namespaces have at most 253 characters. */
const MAX_NAME_LENGTH = 253;
/** The last time that a Date can have. */
const MAX_TIME_MS = 8.64e15;
/** Clocks are adjusted in small steps all the time; and a guard knows only the second. */
const MAX_CLOCK_ERROR_MS = 2000;
/** Rates over a shorter time say nothing: counters have steps of 10 ms, and a burst is not a rate. */
const MIN_RATE_SECONDS = 1;

const EPOCH = /^[a-z0-9]{1,32}$/;
const FILE_ENDING = '.json';
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
const NAME = /^[\w.-]*$/;

/** Last words that cannot be used; the message says why. */
export class LastWordsError extends Error {
  override readonly name = 'LastWordsError';
}

/** Name of the file of a sandbox in a mailbox: its id and the epoch of its shim. */
export function lastWordsFileName({ sandboxId, epoch }: Pick<LastWords, 'epoch' | 'sandboxId'>): string {
  return `${sandboxId}.${epoch}${FILE_ENDING}`;
}

/** Undefined for a name that no last words have. */
export function parseLastWordsFileName(name: string): Pick<LastWords, 'epoch' | 'sandboxId'> | undefined {
  if (!name.endsWith(FILE_ENDING)) {
    return undefined;
  }
  const stem = name.slice(0, -FILE_ENDING.length);
  // An id may have dots, an epoch has none.
  const dot = stem.lastIndexOf('.');
  const [sandboxId, epoch] = [stem.slice(0, Math.max(0, dot)), stem.slice(dot + 1)];
  return isId(sandboxId) && EPOCH.test(epoch) ? { sandboxId, epoch } : undefined;
}

/** Encodes last words as one line. A long message is truncated and ends with `...`. */
export function encodeLastWords({ message, endedMs, values, ...words }: LastWords): string {
  const clean = message.replaceAll(FORBIDDEN, ' ');
  const short = clean.length > MAX_MESSAGE_LENGTH ? `${clean.slice(0, MAX_MESSAGE_LENGTH - 3)}...` : clean;
  return JSON.stringify({ version: LAST_WORDS_VERSION, ...words, message: short, endedMs, values });
}

export interface ParsedLastWords {
  readonly words: LastWords;
  /** What was omitted, such as a value above its limit. */
  readonly faults: readonly string[];
}

/**
 * @param nowMs milliseconds since 1970. A sandbox cannot end later: a time that is later was taken before the clock was set
 *   back, and becomes this one.
 * @param maxSeconds the longest time that a sandbox can have lived, such as that since the boot of the machine.
 * @throws {LastWordsError} when it is not about one sandbox, or not in this version.
 */
export function parseLastWords(text: string, nowMs: number, maxSeconds = Number.POSITIVE_INFINITY): ParsedLastWords {
  const fields = toObject('The content', parseJson(text));
  if (fields['version'] !== LAST_WORDS_VERSION) {
    throw new LastWordsError(`Version must be ${LAST_WORDS_VERSION}, got ${quote(fields['version'])}`);
  }
  const faults: string[] = [];
  const endedMs = clampTime('endedMs', toTime('endedMs', fields['endedMs']), nowMs, faults);
  const startedMs = clampTime('startedMs', toTime('startedMs', fields['startedMs']), endedMs, faults);
  // Times that cannot be say nothing about the lifetime.
  const seconds = faults.length > 0 ? maxSeconds : Math.min(maxSeconds, (endedMs - startedMs) / 1000);
  const words: LastWords = {
    sandboxId: toText('sandboxId', fields['sandboxId'], idPattern),
    epoch: toText('epoch', fields['epoch'], EPOCH),
    reason: toReason(fields['reason']),
    message: toMessage(fields['message']),
    startedMs,
    endedMs,
    pod: fields['pod'] === undefined ? undefined : toPodNames(toObject('"pod"', fields['pod'])),
    values: toValues(toObject('"values"', fields['values']), seconds, faults),
  };
  return { words, faults };
}

/** The values that are numbers within their limits; each other one adds a line to `faults`. */
export function toValues(
  fields: Readonly<Record<string, unknown>>,
  lifetimeSeconds: number,
  faults: string[],
): FinalValues {
  const values: { [N in FinalValueName]?: number } = {};
  const seconds = Math.max(MIN_RATE_SECONDS, lifetimeSeconds);
  for (const [name, limit] of Object.entries(finalValueLimits)) {
    const value = fields[name];
    const max = 'total' in limit ? limit.total : limit.perSecond * seconds;
    if (typeof value === 'number' && value >= 0 && value <= max) {
      values[name as FinalValueName] = value;
    } else if (value !== undefined) {
      faults.push(`"${name}" must be a number from 0 to ${max}, got ${quote(value)}`);
    }
  }
  return values;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LastWordsError(`The content must be JSON, got ${quote(text)}`);
  }
}

function toObject(what: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LastWordsError(`${what} must be an object, got ${quote(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function toText(name: string, value: unknown, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) {
    throw new LastWordsError(`"${name}" must match ${pattern.source}, got ${quote(value)}`);
  }
  return value;
}

function toReason(value: unknown): EndReason {
  const reason = endReasons.find((each) => each === value);
  if (reason === undefined) {
    throw new LastWordsError(`"reason" must be one of ${endReasons.join(', ')}, got ${quote(value)}`);
  }
  return reason;
}

function toMessage(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_MESSAGE_LENGTH) {
    throw new LastWordsError(
      `"message" must be a text of at most ${MAX_MESSAGE_LENGTH} characters, got ${quote(value)}`,
    );
  }
  return value.replaceAll(FORBIDDEN, ' ');
}

function toTime(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value > 0 && value <= MAX_TIME_MS)) {
    throw new LastWordsError(`"${name}" must be milliseconds since 1970, at most ${MAX_TIME_MS}, got ${quote(value)}`);
  }
  return value;
}

function clampTime(name: string, timeMs: number, maxMs: number, faults: string[]): number {
  if (timeMs > maxMs + MAX_CLOCK_ERROR_MS) {
    faults.push(`"${name}" must be at most ${maxMs}, got ${timeMs}: the clock was set back`);
  }
  return Math.min(timeMs, maxMs);
}

function toPodNames(fields: Readonly<Record<string, unknown>>): PodNames {
  const toName = (name: string): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value.length > MAX_NAME_LENGTH || !NAME.test(value)) {
      throw new LastWordsError(
        `"${name}" of the pod must be a name of at most ${MAX_NAME_LENGTH} characters, got ${quote(value)}`,
      );
    }
    return value;
  };
  return { uid: toName('uid'), name: toName('name'), namespace: toName('namespace') };
}

/** A value for a message, in one line of at most 80 characters. */
function quote(value: unknown): string {
  const text = (JSON.stringify(value) ?? String(value)).replaceAll(FORBIDDEN, ' ');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
