/**
 * Reads one line of a line table into its parts. For everything that is not the hot path: protobuf, checks, people.
 */
import type { LineTable } from './line-table.ts';

export interface SampleLine {
  readonly name: string;
  /** Unescaped, in the order of the line. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** The value in its canonical spelling. */
  readonly value: string;
  /** Milliseconds since 1970, as digits. */
  readonly timestampMs: string | undefined;
}

export function readSampleLine(lines: LineTable, line: number): SampleLine {
  const from = lines.bufferOf(line);
  const insertAt = lines.insertAtOf(line);
  const start = lines.startOf(line);
  const end = lines.endOf(line);
  if (insertAt < 0) {
    const name = from.toString('utf8', start, ~insertAt);
    return { name, labels: [], ...readTail(from.toString('utf8', ~insertAt + 1, end)) };
  }
  const brace = from.indexOf('{', start);
  return {
    name: from.toString('utf8', start, brace),
    labels: parseLabels(from.toString('utf8', brace + 1, insertAt)),
    ...readTail(from.toString('utf8', insertAt + 2, end)),
  };
}

/** Label pairs as the scanner has accepted them: `a="1",b="2"`. */
function parseLabels(text: string): (readonly [string, string])[] {
  const pairs = text.matchAll(/([a-zA-Z0-9_]+)="((?:\\.|[^"\\])*)"/g);
  return Array.from(pairs, ([, name = '', value = '']) => [name, unescapeValue(value)] as const);
}

function unescapeValue(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)) : value;
}

function readTail(tail: string): { value: string; timestampMs: string | undefined } {
  const [value = '', timestampMs] = tail.split(' ');
  return { value, timestampMs };
}
