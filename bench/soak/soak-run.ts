/**
 * One stretch of a soak: sandboxes come and go, both clients scrape each second, every response is checked, and memory is looked
 * at beside it. What came of it is in the record.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { MonitorUnderTest } from '../monitor-under-test.ts';
import type { AnswerChecker } from './answer-checker.ts';
import type { Expectation, ExpectedSandbox } from './check-answer.ts';
import { scrapeFast, scrapeSlowly } from './clients.ts';
import type { HeapProbe } from './heap-probe.ts';
import type { Population, SoakSandbox } from './population.ts';
import { sumOfBody } from './sample-sum.ts';
import type { QuietLook, SoakRecord } from './soak-record.ts';

/** What the clients say that they wait: the default of Prometheus, and less than an unresponsive shim takes. */
export const FAST_TIMEOUT_MS = 10_000;
export const SLOW_TIMEOUT_MS = 3000;
export const SHIM_TIMEOUT_MS = 3000;
const TURN_OVER_MS = 200;
/** Every so many responses one is held to the strict reader as well. */
const STRICT_EVERY = 20;
const PARADE_SCRAPES = 3;
/** A collection waits for an unresponsive shim, briefly for shims that were unresponsive before, and for CPU time. */
const MAX_COLLECTION_MS = SHIM_TIMEOUT_MS + 2000;
/** A request to an unresponsive shim lasts no longer. */
const QUIET_MS = SHIM_TIMEOUT_MS + 1000;

export interface SoakParts {
  readonly monitor: MonitorUnderTest;
  readonly heap: HeapProbe;
  readonly population: Population;
  readonly checker: AnswerChecker;
  readonly record: SoakRecord;
}

/** Lets it all run for so many seconds; resolves when the last response has been checked. */
export async function runStretch(parts: SoakParts, seconds: number, onSecond: (second: number) => void): Promise<void> {
  const { monitor, population, record } = parts;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  const startCpuMs = monitor.process.cpuMs();
  const turning = turnOver(population, endMs);
  const scrapes: Promise<void>[] = [];
  for (let second = 0; second < seconds; second++) {
    scrapes.push(askFast(parts, second), askSlowly(parts));
    record.resident.push({ x: second, y: monitor.process.residentMiB() });
    onSecond(second);
    await delay(Math.max(0, startMs + (second + 1) * 1000 - performance.now()));
  }
  await Promise.all([turning, ...scrapes]);
  record.cpuMs += monitor.process.cpuMs() - startCpuMs;
  record.peakMiB = monitor.process.peakMiB();
  record.sandboxesMade = population.made;
}

/** Shows the monitor every kind of fault, so that what it remembers of bodies is as much as it will ever be. */
export async function showEveryFault({ monitor, population }: SoakParts): Promise<void> {
  await population.parade(async () => {
    for (let i = 0; i < PARADE_SCRAPES; i++) {
      await scrapeFast(monitor.url, FAST_TIMEOUT_MS);
    }
  });
}

/** Waits until no request is under way, and looks at what is held then. */
export async function lookWhenQuiet({ monitor, heap, population }: SoakParts): Promise<QuietLook> {
  await population.settle();
  // The first finds the new unresponsive ones, and the second leaves every other connection as a scrape leaves it.
  await scrapeFast(monitor.url, FAST_TIMEOUT_MS);
  await scrapeFast(monitor.url, FAST_TIMEOUT_MS);
  let steadySinceMs = performance.now();
  for (let last = -1; performance.now() - steadySinceMs < QUIET_MS; ) {
    const now = monitor.process.descriptors().length;
    steadySinceMs = now === last ? steadySinceMs : performance.now();
    last = now;
    await delay(100);
  }
  const inUse = await heap.measure();
  const descriptors = monitor.process.descriptors();
  return {
    ...inUse,
    residentMiB: monitor.process.residentMiB(),
    descriptors: descriptors.length,
    sockets: descriptors.filter((target) => target.startsWith('socket:')).length,
  };
}

async function turnOver(population: Population, endMs: number): Promise<void> {
  while (performance.now() < endMs) {
    const nextMs = performance.now() + TURN_OVER_MS;
    await population.turnOver();
    await delay(Math.max(0, nextMs - performance.now()));
  }
}

async function askFast({ monitor, population, checker, record }: SoakParts, second: number): Promise<void> {
  const startMs = performance.now();
  try {
    const { bytes, milliseconds } = await scrapeFast(monitor.url, FAST_TIMEOUT_MS);
    record.scrapeMs.push(milliseconds);
    record.answerBytes = Math.max(record.answerBytes, bytes.length);
    if (milliseconds > FAST_TIMEOUT_MS) {
      record.breach(`Response took ${Math.round(milliseconds)} ms, the client waits ${FAST_TIMEOUT_MS}`);
    }
    const isStrict = second % STRICT_EVERY === 0;
    record.strictlyRead += isStrict ? 1 : 0;
    const expectation = expect(population, startMs);
    const { breaches, slowCount } = await checker.check({ bytes, expectation, isStrict });
    record.checkedCount += expectation.sandboxes.size;
    record.slowCount += slowCount;
    for (const breach of breaches) {
      record.breach(`Second ${second}: ${breach}`);
    }
  } catch (error) {
    record.breach(`Second ${second}, fast client: ${error}`);
  }
}

async function askSlowly({ monitor, record }: SoakParts): Promise<void> {
  try {
    const { kind, bytes } = await scrapeSlowly(monitor.url, SLOW_TIMEOUT_MS);
    record.slowScrapes[kind]++;
    if (kind === 'still_open') {
      record.breach(`A slow client was not cut off after ${SLOW_TIMEOUT_MS} ms; it had read ${bytes} bytes`);
    }
  } catch (error) {
    record.breach(`Slow client: ${error}`);
  }
}

/**
 * What the response to a request that began at `startMs` must say. It may come from a collection that another request had
 * begun: what came or went since is not checked.
 */
function expect(population: Population, startMs: number): Expectation {
  const sinceMs = startMs - MAX_COLLECTION_MS;
  const sandboxes = population.livingSince(sinceMs).map((sandbox) => [sandbox.id, expectSandbox(sandbox)] as const);
  return { sandboxes: new Map(sandboxes), gone: population.goneBefore(sinceMs) };
}

function expectSandbox({ group, fault }: SoakSandbox): ExpectedSandbox {
  if (fault === undefined) {
    return { isUp: true, reasons: [], samples: 'told' };
  }
  const { isUp = false, reasons, kept } = fault;
  // An unresponsive one keeps the families that arrived before its timeout; without a wait, none.
  return { isUp, reasons, samples: group === 'unresponsive' ? 'any' : sumOfKept(kept) };
}

const knownSums = new Map<string, { readonly count: number; readonly sum: number }>();

function sumOfKept(kept: string): { readonly count: number; readonly sum: number } {
  const known = knownSums.get(kept);
  if (known !== undefined) {
    return known;
  }
  const { count, sum } = sumOfBody(kept);
  knownSums.set(kept, { count, sum });
  return { count, sum };
}
