/**
 * The type and value that yaml.v2 of Go gives a scalar: the rules of YAML 1.1 with Go's own forms of numbers. Every
 * exporter of Prometheus reads web.yml with it, so `no`, `0x10` and `1_000` must have the same meaning here.
 */

export type GoScalar =
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'null' }
  | { readonly kind: 'text' }
  | { readonly kind: 'timestamp' };

const words: Readonly<Record<string, GoScalar>> = {
  ...entriesOf({ kind: 'bool', value: true }, 'y Y yes Yes YES true True TRUE on On ON'),
  ...entriesOf({ kind: 'bool', value: false }, 'n N no No NO false False FALSE off Off OFF'),
  ...entriesOf({ kind: 'null' }, '~ null Null NULL'),
  '': { kind: 'null' },
  ...entriesOf({ kind: 'float', value: Number.NaN }, '.nan .NaN .NAN'),
  ...entriesOf({ kind: 'float', value: Number.POSITIVE_INFINITY }, '.inf .Inf .INF +.inf +.Inf +.INF'),
  ...entriesOf({ kind: 'float', value: Number.NEGATIVE_INFINITY }, '-.inf -.Inf -.INF'),
};

function entriesOf(scalar: GoScalar, names: string): Record<string, GoScalar> {
  return Object.fromEntries(names.split(' ').map((name) => [name, scalar]));
}

const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const timestamp =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

/** Integers of more digits cannot be in 64 bits, whatever their base; of durations, so much is read. */
const MAX_DIGITS = 100;
const minInt = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/** A scalar without quotes and without a tag. */
export function resolveGoScalar(text: string): GoScalar {
  if (Object.hasOwn(words, text)) {
    return words[text]!;
  }
  if (/^\.[0-9]/.test(text)) {
    return float.test(text) ? { kind: 'float', value: Number(text) } : { kind: 'text' };
  }
  return /^[-+0-9]/.test(text) ? resolveNumber(text) : { kind: 'text' };
}

function resolveNumber(text: string): GoScalar {
  if (timestamp.test(text)) {
    return { kind: 'timestamp' };
  }
  const plain = text.replaceAll('_', '');
  const [, sign, hexadecimal, binary, octal, decimal] = plain.length > MAX_DIGITS ? [] : (integer.exec(plain) ?? []);
  const [prefix, digits] = [
    ['0x', hexadecimal],
    ['0b', binary],
    ['0o', octal],
    ['', decimal],
  ].find(([, found]) => found !== undefined) ?? ['', undefined];
  if (digits !== undefined) {
    const magnitude = BigInt(`${prefix}${digits}`);
    const value = sign === '-' ? -magnitude : magnitude;
    if (value >= minInt && value <= (sign === '' ? MAX_UINT : 2n ** 63n - 1n)) {
      return { kind: 'int', value };
    }
  }
  return float.test(plain) && Number.isFinite(Number(plain))
    ? { kind: 'float', value: Number(plain) }
    : { kind: 'text' };
}

const nanosecondsOf: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const duration = /^([-+]?)((?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const durationPart = /([0-9]*)(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h)/g;

/** Nanoseconds of a duration as Go's time.ParseDuration reads it; undefined when it is none, or beyond 64 bits. */
export function parseGoDurationNs(text: string): number | undefined {
  if (text === '0' || text === '+0' || text === '-0') {
    return 0;
  }
  const [, sign, parts] = text.length > MAX_DIGITS ? [] : (duration.exec(text) ?? []);
  if (parts === undefined) {
    return undefined;
  }
  const sum = [...parts.matchAll(durationPart)].reduce((total, [, whole, fraction, unit]) => {
    const scale = nanosecondsOf[unit!]!;
    return total + Number(whole || 0) * scale + Math.trunc(Number(`0${fraction ?? ''}`) * scale);
  }, 0);
  return sum < 2 ** 63 ? (sign === '-' ? -sum : sum) : undefined;
}
