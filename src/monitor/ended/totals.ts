/**
 * The sums over all sandboxes that have ended, for each namespace and RuntimeClass. They only increase. Pure.
 */
import { type EndReason, endReasons, type LastWords } from '../../last-words/index.ts';

/** The values that have a sum; of peaks, a sum says nothing. */
export const summedValues = [
  'cpuSeconds',
  'hostCpuSeconds',
  'networkReceiveBytes',
  'networkTransmitBytes',
  'diskReadBytes',
  'diskWrittenBytes',
] as const;

export type SummedValue = (typeof summedValues)[number] | 'lifetimeSeconds';

export interface Total {
  readonly namespace: string;
  readonly runtimeHandler: string;
  readonly count: Readonly<Partial<Record<EndReason, number>>>;
  /** A value that no sandbox had is missing. */
  readonly sums: Readonly<Partial<Record<SummedValue, number>>>;
}

/** Namespaces come and go; those above the limit are added to the total without a namespace. */
const MAX_TOTALS = 1000;

export class Totals {
  readonly #totals = new Map<string, Total>();

  list(): readonly Total[] {
    return [...this.#totals.values()];
  }

  addSandbox({ namespace, runtimeHandler }: Pick<Total, 'namespace' | 'runtimeHandler'>, words: LastWords): void {
    const sums: Partial<Record<SummedValue, number>> = { lifetimeSeconds: (words.endedMs - words.startedMs) / 1000 };
    for (const name of summedValues) {
      const value = words.values[name];
      if (value !== undefined) {
        sums[name] = value;
      }
    }
    this.add({ namespace, runtimeHandler, count: { [words.reason]: 1 }, sums });
  }

  add(total: Total): void {
    const isKnown = this.#totals.has(keyOf(total));
    const place = isKnown || this.#totals.size < MAX_TOTALS ? total : { ...total, namespace: '', runtimeHandler: '' };
    const before = this.#totals.get(keyOf(place));
    this.#totals.set(keyOf(place), {
      namespace: place.namespace,
      runtimeHandler: place.runtimeHandler,
      count: addAll(before?.count ?? {}, total.count),
      sums: addAll(before?.sums ?? {}, total.sums),
    });
  }
}

function keyOf({ namespace, runtimeHandler }: Total): string {
  return JSON.stringify([namespace, runtimeHandler]);
}

function addAll<K extends string>(a: Readonly<Partial<Record<K, number>>>, b: Readonly<Partial<Record<K, number>>>) {
  const sums: Partial<Record<K, number>> = { ...a };
  for (const [name, value] of Object.entries(b) as [K, number][]) {
    sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

/** Reads a total from a state file. @throws {TypeError} if `list` cannot have returned it. */
export function readTotal(value: unknown): Total {
  const { namespace, runtimeHandler, count, sums } = value as Record<keyof Total, unknown>;
  if (typeof namespace !== 'string' || typeof runtimeHandler !== 'string') {
    throw new TypeError('A total must have a namespace and a runtime handler');
  }
  return {
    namespace,
    runtimeHandler,
    count: readNumbers(count, endReasons),
    sums: readNumbers(sums, [...summedValues, 'lifetimeSeconds'] as const),
  };
}

export function readNumbers<K extends string>(value: unknown, names: readonly K[]): Partial<Record<K, number>> {
  const numbers: Partial<Record<K, number>> = {};
  for (const name of names) {
    const number = (value as Partial<Record<K, unknown>> | undefined)?.[name];
    if (typeof number === 'number' && number >= 0) {
      numbers[name] = number;
    }
  }
  return numbers;
}
