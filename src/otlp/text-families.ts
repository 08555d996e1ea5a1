/**
 * Reads the response of /metrics, which the monitor has written and checked, family by family. The text arrives in chunks,
 * so that no more than one family is in memory.
 */
import type { FamilyType } from '../exposition/index.ts';

export interface TextSample {
  /** With the suffix of a histogram or summary. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface TextFamily {
  readonly name: string;
  readonly type: FamilyType | 'untyped';
  readonly help: string;
  readonly samples: readonly TextSample[];
}

interface OpenFamily {
  readonly name: string;
  type: TextFamily['type'];
  help: string;
  readonly samples: TextSample[];
}

/** @throws {Error} for a line that the monitor does not write */
export async function* readFamilies(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextFamily> {
  let open: OpenFamily | undefined;
  for await (const line of readLines(chunks)) {
    const comment = /^# (HELP|TYPE) (\S+)/.exec(line);
    if (comment !== null) {
      const [{ length }, kind, name = ''] = comment;
      const rest = line.slice(length + 1);
      if (open !== undefined && open.name !== name) {
        yield open;
        open = undefined;
      }
      open ??= { name, type: 'untyped', help: '', samples: [] };
      if (kind === 'TYPE') {
        open.type = rest as TextFamily['type'];
      } else {
        open.help = unescapeText(rest);
      }
    } else if (line !== '' && !line.startsWith('#')) {
      const sample = readSample(line);
      // A family without TYPE and HELP.
      if (open === undefined || !sample.name.startsWith(open.name)) {
        if (open !== undefined) {
          yield open;
        }
        open = { name: sample.name, type: 'untyped', help: '', samples: [] };
      }
      open.samples.push(sample);
    }
  }
  if (open !== undefined) {
    yield open;
  }
}

async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    // Other requests come between two chunks.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  yield rest;
}

/** @throws {Error} for a line that the monitor does not write */
export function readSample(line: string): TextSample {
  const name = /^[^{ ]+/.exec(line)?.[0] ?? '';
  const labels = new Map<string, string>();
  let at = name.length;
  if (line[at] === '{') {
    at = readLabels(line, at + 1, labels);
  }
  return { name, labels, value: readValue(line.slice(at + 1)) };
}

/** Reads from behind the opening brace; returns where the closing one ends. @throws {Error} */
function readLabels(line: string, from: number, labels: Map<string, string>): number {
  for (let at = from; ; ) {
    const equals = line.indexOf('="', at);
    const end = equals < 0 ? -1 : endOfQuoted(line, equals + 2);
    if (end < 0) {
      throw new Error(`Cannot read the labels of "${line.slice(0, 200)}"`);
    }
    labels.set(line.slice(at, equals), unescapeText(line.slice(equals + 2, end)));
    at = end + 2;
    if (line[end + 1] === '}') {
      return at;
    }
    if (line[end + 1] !== ',') {
      throw new Error(`Cannot read the labels of "${line.slice(0, 200)}"`);
    }
  }
}

/** Where the quote is that ends a value from `from` on; -1 when there is none. */
function endOfQuoted(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === '\\') {
      at++;
    } else if (line[at] === '"') {
      return at;
    }
  }
  return -1;
}

function readValue(text: string): number {
  const infinity = /^([+-]?)Inf$/.exec(text);
  return infinity === null ? Number(text) : infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function unescapeText(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    : text;
}
