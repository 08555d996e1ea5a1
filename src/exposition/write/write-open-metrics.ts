/**
 * Writes a merge plan as OpenMetrics 1.0.0, with what that form can carry.
 */
import { baseOfCounter } from '../format/suffixes.ts';
import { ChunkPool } from './chunk-pool.ts';
import { ChunkWriter } from './chunk-writer.ts';
import type { LineWriter } from './line-writer.ts';
import type { MergePlan } from './merge-plan.ts';
import { fitOpenMetrics } from './open-metrics-plan.ts';
import { writeFamily } from './write-text.ts';

/** Stands for no output: the caller may do other things now. */
const NOTHING = Buffer.alloc(0);

/**
 * The response as OpenMetrics 1.0.0, in chunks; an empty one is a point at which the caller may do other things. Series
 * keep the names they have in text 0.0.4: a counter whose name does not end in `_total` is given as `unknown`.
 */
export function writeOpenMetrics(plan: MergePlan, pool = new ChunkPool()): Generator<Buffer> {
  return writeOpenMetricsTo(new ChunkWriter(pool), plan);
}

/** Writes the same text to `writer` and yields its chunks. */
export function* writeOpenMetricsTo(writer: LineWriter, plan: MergePlan): Generator<Buffer> {
  const fitting = fitOpenMetrics(plan);
  let step = fitting.next();
  for (; !step.done; step = fitting.next()) {
    yield NOTHING;
  }
  for (const family of step.value.families) {
    const { type } = family;
    const name = type === 'counter' ? baseOfCounter(family.name) : family.name;
    const help = family.help === undefined ? '' : `# HELP ${name} ${quoteHelp(family.help)}\n`;
    writer.latin1(`# TYPE ${name} ${type}\n${help}`);
    yield* writeFamily(writer, family, timestampInSeconds);
  }
  writer.latin1('# EOF\n');
  yield* writer.takeAll();
}

/** HELP of text 0.0.4 as OpenMetrics wants it: there, quotes are escaped too. */
function quoteHelp(help: Buffer): string {
  return help.toString('latin1').replace(/\\[\\n]|[\\"]/g, (found) => (found.length === 2 ? found : `\\${found}`));
}

/**
 * `1 1700000000123`, a value and its timestamp, as `1 1700000000.123`; a value alone as it is. Prometheus multiplies by
 * 1000 and cuts: where that would lose a millisecond, half of one more is given.
 */
function timestampInSeconds(text: string): string {
  const [, value = '', digits = ''] = /^(\S+) ([0-9]+)$/.exec(text) ?? [];
  if (digits === '') {
    return text;
  }
  const padded = digits.padStart(4, '0');
  const seconds = `${padded.slice(0, -3)}.${padded.slice(-3)}`;
  const isCut = Math.trunc(Number(seconds) * 1000) < Number(digits);
  return `${value} ${seconds}${isCut ? '5' : ''}`;
}
