/**
 * A log line in the text format of Go's logrus, as the Go monitor writes it to a pipe: `time="…" level=info msg="…"`, then
 * the other fields sorted by name. Valid logfmt. Pure; called by `log.ts`.
 */

/** Values of only these characters are not quoted: TextFormatter.needsQuoting of logrus. */
const plainValue = /^[A-Za-z0-9\-._/@^+]*$/;
/** JSON does not escape these characters, which could move the cursor, break lines or change the text direction. */
const unsafeCharacters = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export interface TextLogFields {
  readonly time: string;
  readonly level: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

/** Ends with a line feed. */
export function formatLogText({ time, level, msg = '', ...fields }: TextLogFields): string {
  const pairs = [
    ['time', time],
    ['level', level === 'warn' ? 'warning' : level],
    ['msg', msg],
    ...Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)),
  ] as const;
  return `${pairs.map(([name, value]) => `${name}=${formatValue(value)}`).join(' ')}\n`;
}

function formatValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return plainValue.test(text) ? text : quote(text);
}

/** Quotes text such that Go's strconv.Unquote can read it. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    unsafeCharacters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
