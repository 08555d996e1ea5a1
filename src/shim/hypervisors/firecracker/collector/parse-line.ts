/**
 * One line of Firecracker's metrics to figures: groups of named numbers, with all their digits. Foreign text; a line that
 * cannot be read is `malformed` and never an exception. Pure. The format is in Firecracker's docs/metrics.md.
 */
import { type Counting, countingOfField, countingOfPart, splitGroupName } from './groups.ts';

export interface Figure {
  /** As Firecracker names it, a device's name taken off. */
  readonly group: string;
  readonly device: string | undefined;
  /** The field, and for an aggregate its part too: `read_agg_min_us`. */
  readonly item: string;
  readonly counting: Counting;
  /** Whole numbers keep all their digits. */
  readonly value: bigint | number;
}

export type ParsedLine =
  | {
      readonly kind: 'figures';
      /** Another line was lost in front of this one. */
      readonly isTorn: boolean;
      /** Unix time; undefined when the line does not have it. */
      readonly writtenMs: number | undefined;
      readonly figures: readonly Figure[];
    }
  | { readonly kind: 'malformed' };

/** Every line begins with it. */
const LINE_START = '{"utc_timestamp_ms"';

/**
 * Two lines come as one when the first was torn: Firecracker's FIFO was full in the middle of it. The second is whole
 * then, and is what is given.
 */
export function parseLine(text: string): ParsedLine {
  const whole = parseExactly(text);
  if (isObject(whole)) {
    return readGroups(whole, { isTorn: false });
  }
  const start = text.lastIndexOf(LINE_START);
  const second = start > 0 ? parseExactly(text.slice(start)) : undefined;
  return isObject(second) ? readGroups(second, { isTorn: true }) : { kind: 'malformed' };
}

function readGroups(groups: Record<string, unknown>, { isTorn }: { readonly isTorn: boolean }): ParsedLine {
  const { utc_timestamp_ms: writtenMs } = groups;
  return {
    kind: 'figures',
    isTorn,
    writtenMs: typeof writtenMs === 'bigint' && writtenMs > 0n ? Number(writtenMs) : undefined,
    figures: Object.entries(groups).flatMap(([key, group]) => (isObject(group) ? readGroup(key, group) : [])),
  };
}

function readGroup(key: string, fields: Record<string, unknown>): Figure[] {
  const { group, device } = splitGroupName(key);
  return Object.entries(fields).flatMap(([field, value]): Figure[] => {
    if (isNumber(value)) {
      return [{ group, device, item: field, counting: countingOfField(group, field), value }];
    }
    return isObject(value)
      ? readAggregate(value).map((part) => ({ ...part, group, device, item: `${field}_${part.item}` }))
      : [];
  });
}

function readAggregate(parts: Record<string, unknown>): Pick<Figure, 'counting' | 'item' | 'value'>[] {
  return Object.entries(parts).flatMap(([item, value]) =>
    isNumber(value) ? [{ item, counting: countingOfPart(item), value }] : [],
  );
}

type ExactReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** TypeScript's library does not know the third argument yet, which has the text of a number. */
const parseJson = JSON.parse as (text: string, reviver: ExactReviver) => unknown;

/** More digits than the largest number of 64 bits has are never a count. */
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
