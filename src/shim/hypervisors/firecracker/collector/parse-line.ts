/**
 * Parses one line of Firecracker's metrics to values: groups of named numbers, with all their digits. The text is foreign: a
 * torn line yields its complete values, never an exception. Pure. The format is in Firecracker's docs/metrics.md.
 */
import { completePart } from './complete-part.ts';
import { type Counting, countingOfField, countingOfPart, isTotalOfDevices, splitGroupName } from './groups.ts';

export interface FirecrackerValue {
  /** Name of the group in Firecracker, without the name of the device. */
  readonly group: string;
  readonly device: string | undefined;
  /** The field, and for an aggregate its part too: `read_agg_min_us`. */
  readonly item: string;
  readonly counting: Counting;
  /** Whole numbers keep all their digits. */
  readonly value: bigint | number;
}

export interface ParsedLine {
  /** A line was lost in part, or there is none. */
  readonly isTorn: boolean;
  /** Whether the line is complete, so that its values are the current ones. */
  readonly isWhole: boolean;
  /** Time of the line in milliseconds since 1970; undefined if it has none. */
  readonly writtenMs: number | undefined;
  /** Values, those of torn lines first, because they were written earlier. */
  readonly values: readonly FirecrackerValue[];
}

/** Every line begins with it. */
const LINE_START = '{"utc_timestamp_ms"';

/**
 * Lines come as one when the first were torn: Firecracker's FIFO was full in the middle of them. The last one is whole then.
 * Of the others, the fields that are complete are given: Firecracker has taken these changes off, and never writes them
 * again.
 */
export function parseLine(text: string): ParsedLine {
  const whole = parseExactly(text);
  if (isObject(whole)) {
    return { isTorn: false, isWhole: true, writtenMs: readTime(whole), values: readGroups(whole) };
  }
  const pieces = splitAtStarts(text);
  const last = parseExactly(pieces.at(-1) ?? '');
  const isWhole = isObject(last);
  const torn = (isWhole ? pieces.slice(0, -1) : pieces).flatMap(readTorn);
  return {
    isTorn: true,
    isWhole,
    writtenMs: isWhole ? readTime(last) : undefined,
    values: [...torn, ...(isWhole ? readGroups(last) : [])],
  };
}

/** The text before the first start is the rest of a line whose groups are not known. */
function splitAtStarts(text: string): string[] {
  return text
    .split(LINE_START)
    .slice(1)
    .map((rest) => LINE_START + rest);
}

function readTorn(text: string): FirecrackerValue[] {
  const part = completePart(text);
  const groups = part === undefined ? undefined : parseExactly(part);
  // The next line has the absolute values again.
  return isObject(groups) ? readGroups(groups).filter(({ counting }) => counting === 'delta') : [];
}

function readTime({ utc_timestamp_ms: writtenMs }: Record<string, unknown>): number | undefined {
  return typeof writtenMs === 'bigint' && writtenMs > 0n ? Number(writtenMs) : undefined;
}

function readGroups(groups: Record<string, unknown>): FirecrackerValue[] {
  return Object.entries(groups).flatMap(([key, group]) => (isObject(group) ? readGroup(key, group) : []));
}

function readGroup(key: string, fields: Record<string, unknown>): FirecrackerValue[] {
  const { group, device } = splitGroupName(key);
  return Object.entries(fields).flatMap(([field, value]): FirecrackerValue[] => {
    if (isNumber(value)) {
      return [{ group, device, item: field, counting: countingOfField(group, field), value }];
    }
    return isObject(value)
      ? readAggregate(value)
          .filter((part) => !isEmptyExtreme(group, device, part))
          .map((part) => ({ ...part, group, device, item: `${field}_${part.item}` }))
      : [];
  });
}

/**
 * Firecracker adds up the sums of devices for their total, and leaves its least and greatest value at 0: they are of no
 * device, and left out.
 */
function isEmptyExtreme(
  group: string,
  device: string | undefined,
  { counting, value }: Pick<FirecrackerValue, 'counting' | 'value'>,
): boolean {
  return isTotalOfDevices(group, device) && counting === 'absolute' && value === 0n;
}

function readAggregate(parts: Record<string, unknown>): Pick<FirecrackerValue, 'counting' | 'item' | 'value'>[] {
  return Object.entries(parts).flatMap(([item, value]) =>
    isNumber(value) ? [{ item, counting: countingOfPart(item), value }] : [],
  );
}

type ExactReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** TypeScript's library does not know the third argument yet, which has the text of a number. */
const parseJson = JSON.parse as (text: string, reviver: ExactReviver) => unknown;

/** Matches an integer. A 64-bit number has at most 20 digits. */
const WHOLE_NUMBER = /^-?\d{1,20}$/;

/** Undefined when it is no JSON. */
function parseExactly(text: string): unknown {
  try {
    return parseJson(text, (_, value, { source }) =>
      typeof value === 'number' && source !== undefined && WHOLE_NUMBER.test(source) ? BigInt(source) : value,
    );
  } catch (error) {
    // RangeError: nested so deep that the stack does not suffice.
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

function isNumber(value: unknown): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
