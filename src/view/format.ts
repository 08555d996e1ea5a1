/**
 * Values as text for people: three digits at most, with a unit. An unknown value is `-`. Pure.
 */

export const UNKNOWN = '-';
const BYTES_PER_UNIT = 1024;

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
  return unit === undefined ? `${Math.floor(seconds)}s` : `${Math.floor(seconds / unit[1])}${unit[0]}`;
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
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1.5 MiB/s`. */
export function formatRate(bytesPerSecond: number | null | undefined): string {
  return isKnown(bytesPerSecond) ? `${formatBytes(bytesPerSecond)}/s` : UNKNOWN;
}

/** `0.98`: CPUs in use. */
export function formatCores(cores: number | null | undefined): string {
  return isKnown(cores) ? cores.toFixed(2) : UNKNOWN;
}

/** `1.2 ms`. */
export function formatMilliseconds(ms: number | null | undefined): string {
  return isKnown(ms) ? `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms` : UNKNOWN;
}

/** `3.1 %` for 0.031. */
export function formatPercent(share: number | null | undefined): string {
  return isKnown(share) ? `${(100 * share).toFixed(1)} %` : UNKNOWN;
}

/** `1,234` or `0.25`. */
export function formatNumber(value: number | null | undefined): string {
  if (!isKnown(value)) {
    return UNKNOWN;
  }
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toFixed(2);
}

function isKnown(value: number | null | undefined): value is number {
  return value !== undefined && value !== null && Number.isFinite(value);
}
