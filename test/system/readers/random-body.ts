/**
 * Bodies by chance, of families that are mostly right and somewhere odd: in names, suffixes, types, labels, escapes, values,
 * timestamps, bounds, order or line ends. The same seed gives the same body.
 */

/** Numbers from 0 to 1: mulberry32. */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Few, so that families of several bodies meet; some are in the catalog, some in the good body alone. */
const bases = [
  'kata_guest_a',
  'kata_guest_a_b',
  'kata_agent_a',
  'kata_guest_load',
  'kata_guest_netdev_stat',
  'kata_shim_a',
  'kata_shim_rpc_durations_histogram_milliseconds',
  'go_gc_duration_seconds',
  'go_sched_latencies_seconds',
  'go_goroutines',
  'process_a',
  'kata_sandbox',
  'kata_monitor_a',
  'kata_:a',
];
const oddBases = ['a', 'kata_é', '9kata', 'kata-a', 'kata.a', '"kata.a"', 'kata_sandbox_up', '__name__', ''];
const suffixes = ['', '', '', '_total', '_created', '_bucket', '_sum', '_count', '_info', '_gcount', '_total_total'];
const types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const oddTypes = ['unknown', 'info', 'stateset', 'gaugehistogram', 'Gauge', '', 'gauge gauge'];
const labelNames = ['a', 'b', 'item', 'interface', 'A_1', '_x'];
const oddLabelNames = [
  '__name__',
  '__x',
  '__',
  'sandbox_id',
  'cri_name',
  'le',
  'quantile',
  'a:b',
  '1a',
  '"a.b"',
  'é',
  '',
];
const labelValues = [
  '',
  '1',
  'load1',
  'eth0',
  'recv_bytes',
  'größe 漢',
  ' ',
  '\\\\',
  '\\"',
  '\\n',
  '}',
  '{',
  ',',
  '=',
  '#',
  ' # {a=\\"b\\"} 1',
  '\u2028',
  '\r',
  '\t',
];
const oddLabelValues = ['\\t', '\\', '\0', '\n', '"'];
const values = ['0', '1', '2', '42', '1e3', '1.5', '0.1', '-0', '9007199254740993', '18446744073709551615'];
const specialValues = [
  'NaN',
  '+Inf',
  '-Inf',
  '-1',
  'nan',
  'inf',
  'Infinity',
  '+1',
  '.5',
  '1.',
  '1E3',
  '1e-400',
  '00012',
];
const oddValues = [
  '0x10',
  '0x1p3',
  '1_000',
  '1e400',
  'one',
  '',
  'NaN(1)',
  '1,5',
  '1'.repeat(600),
  '--1',
  '+ 1',
  'True',
];
const timestamps = ['1700000000123', '0', '1', '999999999999999999', '00001'];
const oddTimestamps = ['-1', '+1', '1.5', '1e3', '9999999999999999999', '1_0', 'now', '# {a="b"} 1', '1 2'];
const bounds = ['0', '1', '1.0', '2.5', '10', '9', '-1', '1e3', '1e-3', '0.5', '0.99', '+Inf'];
const oddBounds = ['', ' 1', 'Inf', 'inf', 'NaN', 'one', '0x10', '1_0', '-Inf', '1e400', 'Infinity'];
const helps = ['Help.', '', 'a \\n b', 'a \\\\ b', 'größe', '"quoted"', 'a  b '];
const oddHelps = ['\\t', 'ends with \\', '\\"', 'a\0b', 'a\rb', 'a'.repeat(5000)];
const oddLines = [
  '# EOF',
  '#',
  '# comment',
  '# UNIT kata_guest_a a',
  '',
  ' ',
  '\t',
  '\r',
  'x',
  '{',
  '}',
  '{"kata.a",b="c"} 1',
  '# HELP',
  '# TYPE kata_guest_a',
  '# TYPE "kata.a" gauge',
];

export interface RandomBody {
  readonly seed: number;
  readonly body: Buffer;
}

export function makeRandomBody(seed: number): RandomBody {
  return { seed, body: new BodyMaker(new Chance(seed)).make() };
}

/** How often something is odd, and how many things may be. */
const oddnesses = [
  [0, 0],
  [0.002, Number.POSITIVE_INFINITY],
  [0.02, Number.POSITIVE_INFINITY],
  [0.1, Number.POSITIVE_INFINITY],
  [0.05, 1],
  [0.02, 1],
] as const;

class BodyMaker {
  readonly #chance: Chance;
  /** How often something is odd, in this body. */
  readonly #oddness: number;
  /** In some bodies one thing alone is odd: what is odd in several ways is often rejected for another reason. */
  #oddsLeft: number;
  readonly #timeRate: number;

  constructor(chance: Chance) {
    this.#chance = chance;
    [this.#oddness, this.#oddsLeft] = chance.pick(oddnesses);
    this.#timeRate = chance.pick([0, 0.1, 0.1, 0.9]);
  }

  #isOdd(): boolean {
    const isOdd = this.#oddsLeft > 0 && this.#chance.is(this.#oddness);
    this.#oddsLeft -= isOdd ? 1 : 0;
    return isOdd;
  }

  make(): Buffer {
    const chance = this.#chance;
    const lines = Array.from({ length: 1 + chance.below(8) }, () => this.#makeFamily()).flat();
    if (chance.is(0.1)) {
      lines.sort(() => chance.next() - 0.5);
    }
    const end = chance.pick(['\n', '\n', '\n', '\r\n']);
    let text = lines.join(end) + (chance.is(0.9) ? end : '');
    if (this.#isOdd()) {
      const at = chance.below(text.length + 1);
      text = text.slice(0, at) + chance.pick(['\0', '"', '\\', '\n', '{', ' ', '\t', '\ufeff']) + text.slice(at);
    }
    const bytes = Buffer.from(text);
    if (bytes.length > 0 && this.#isOdd()) {
      bytes[chance.below(bytes.length)] = 0xff;
    }
    return bytes;
  }

  #pick(usual: readonly string[], odd: readonly string[]): string {
    return this.#chance.pick(this.#isOdd() ? odd : usual);
  }

  #makeFamily(): string[] {
    const chance = this.#chance;
    const name = this.#pick(bases, oddBases) + chance.pick(suffixes);
    const type = this.#pick(types, oddTypes);
    const head = [`# HELP ${name} ${this.#pick(helps, oddHelps)}`, `# TYPE ${name} ${type}`];
    const samples =
      type === 'histogram' || type === 'summary' ? this.#makeDistributions(name, type) : this.#makeScalars(name);
    const shown = chance.is(0.9) ? head : head.slice(0, chance.below(2));
    const lines = [...shown, ...samples];
    if (this.#isOdd()) {
      lines.splice(chance.below(lines.length + 1), 0, chance.pick(oddLines));
    }
    return lines;
  }

  #makeScalars(name: string): string[] {
    return Array.from({ length: this.#chance.below(5) }, () => {
      const value = this.#chance.is(0.2) ? this.#pick(specialValues, oddValues) : this.#pick(values, oddValues);
      return this.#makeLine(name, this.#makeLabels(), value, this.#makeTime());
    });
  }

  #makeDistributions(name: string, type: 'histogram' | 'summary'): string[] {
    const chance = this.#chance;
    const lines = Array.from({ length: 1 + chance.below(2) }, () => {
      const labels = this.#makeLabels();
      const time = this.#makeTime();
      const line = (suffix: string, value: string, own: readonly string[] = []): string =>
        this.#makeLine(name + suffix, [...labels, ...own], value, time);
      const boundLabel = type === 'histogram' ? 'le' : 'quantile';
      const suffix = type === 'histogram' ? '_bucket' : '';
      const own = [...new Set(Array.from({ length: 1 + chance.below(4) }, () => this.#pick(bounds, oddBounds)))];
      const sorted = [...own.filter((bound) => bound !== '+Inf').sort((a, b) => Number(a) - Number(b)), '+Inf'];
      const used = type === 'histogram' ? sorted : own;
      const made = used.map((bound, i) => {
        const value = type === 'histogram' ? this.#pick([String(i)], specialValues) : this.#pick(values, specialValues);
        return line(suffix, value, [`${boundLabel}="${bound}"`]);
      });
      const count = this.#pick([String(used.length - 1)], [...specialValues, '1.5', '7']);
      const tail = [line('_sum', chance.is(0.1) ? chance.pick(specialValues) : '4.5'), line('_count', count)];
      return [...made, ...tail].filter(() => !this.#isOdd());
    }).flat();
    return chance.is(0.2) ? lines.sort(() => chance.next() - 0.5) : lines;
  }

  #makeLabels(): string[] {
    const chance = this.#chance;
    const names = new Set(Array.from({ length: chance.below(4) }, () => this.#pick(labelNames, oddLabelNames)));
    const all = this.#isOdd() ? [...names, ...names] : [...names];
    return all.map((name) => `${name}="${this.#pick(labelValues, oddLabelValues)}"`);
  }

  #makeTime(): string {
    return this.#chance.is(this.#timeRate) ? this.#pick(timestamps, oddTimestamps) : '';
  }

  #makeLine(name: string, labels: readonly string[], value: string, time: string): string {
    const chance = this.#chance;
    const blank = (): string => (this.#isOdd() ? chance.pick(['\t', '  ', ' \t']) : ' ');
    const list = labels.join(this.#isOdd() ? ' , ' : ',') + (this.#isOdd() ? ',' : '');
    const braces = labels.length > 0 || chance.is(0.05) ? `{${list}}` : '';
    return `${name}${braces}${blank()}${value}${time === '' ? '' : chance.pick([' ', ' ', ' ', '\t', '  ']) + time}`;
  }
}
