/**
 * A log line in the text format of Go's logrus, as the Go monitor writes it to a pipe: `time="…" level=info msg="…"`, then
 * the other fields sorted by name. Valid logfmt. Pure; called by `log.ts`.
 */
import { toPrintableJson } from '../../program/index.ts';

/** Values of only these characters are not quoted: TextFormatter.needsQuoting of logrus. */
const plainValue = /^[A-Za-z0-9\-._/@^+]*$/;

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
  // As JSON, which Go's strconv.Unquote can read.
  return plainValue.test(text) ? text : toPrintableJson(text);
}
