/**
 * Durations as people write them on a Go program's command line: `3s`, `500ms`, `1m30s`, `1.5h`.
 */

const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const WHOLE = /^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g;

/** Milliseconds; undefined when the text is not a duration. A number without a unit is not, except 0. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') {
    return 0;
  }
  if (!WHOLE.test(text)) {
    return undefined;
  }
  return [...text.matchAll(PART)].reduce((sum, [, digits, unit]) => sum + Number(digits) * MS_OF_UNIT[unit!]!, 0);
}
