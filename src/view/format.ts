/**
 * Formats values for people: a few digits, with a unit. An unknown value is `-`. A guest may report any number: one that
 * no machine can have is written with an exponent, so that it is not wider than others. Pure.
 */

export const UNKNOWN = '-';
const BYTES_PER_UNIT = 1024;
/** Above, digits say nothing any more. */
const MAX_FIXED = 1e9;
const MAX_COUNT = 1e15;

/** `45s`, `3m`, `7h`, `12d`: the largest unit that is not 0. */
export function formatAge(seconds: number | undefined): string {
  if (seconds === undefined) {
    return UNKNOWN;
  }
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const unit = units.find(([, size]) => seconds >= size);
  const [name, size] = unit ?? ['s', 1];
  return `${toFixed(Math.floor(seconds / size), 0)}${name}`;
}

/** `1.5 MiB`: binary units, as usual for memory. */
export function formatBytes(bytes: number | null | undefined): string {
  if (!isKnown(bytes)) {
    return UNKNOWN;
  }
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= BYTES_PER_UNIT && unit < units.length - 1) {
    value /= BYTES_PER_UNIT;
    unit++;
  }
  return `${toFixed(value, unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** `1.5 MiB/s`. */
export function formatRate(bytesPerSecond: number | null | undefined): string {
  return isKnown(bytesPerSecond) ? `${formatBytes(bytesPerSecond)}/s` : UNKNOWN;
}

/** `0.98`: CPUs in use. */
export function formatCores(cores: number | null | undefined): string {
  return isKnown(cores) ? toFixed(cores, 2) : UNKNOWN;
}

/** `1.2 ms`. */
export function formatMilliseconds(ms: number | null | undefined): string {
  return isKnown(ms) ? `${toFixed(ms, ms < 100 ? 1 : 0)} ms` : UNKNOWN;
}

/** `3.1 %` for 0.031. */
export function formatPercent(share: number | null | undefined): string {
  return isKnown(share) ? `${toFixed(100 * share, 1)} %` : UNKNOWN;
}

/** `1,234` or `0.25`. */
export function formatNumber(value: number | null | undefined): string {
  if (!isKnown(value)) {
    return UNKNOWN;
  }
  return Number.isInteger(value) && Math.abs(value) < MAX_COUNT ? value.toLocaleString('en-US') : toFixed(value, 2);
}

function toFixed(value: number, digits: number): string {
  return Math.abs(value) < MAX_FIXED ? value.toFixed(digits) : value.toExponential(1);
}

function isKnown(value: number | null | undefined): value is number {
  return value !== undefined && value !== null && Number.isFinite(value);
}
