/**
 * Turns the record of a soak into rows of measurements, each with its limit if it has one. Prints nothing.
 */
import type { SoakResult } from './run-soak.ts';
import { FAST_TIMEOUT_MS } from './soak-run.ts';
import { findTrend, type Point } from './trend.ts';

export interface SoakMeasurement {
  readonly name: string;
  readonly value: string;
  readonly bound: string | undefined;
  readonly isKept: boolean;
}

/**
 * What memory may grow by over a whole soak. A leak of 1 KiB for each response or sandbox of the 5 minutes would be 1.5 MiB;
 * what the allocators keep goes up and down by more than that, which the sure growth leaves out.
 */
const MAX_HEAP_GROWTH_MIB = 2;
/**
 * Buffers are kept for the most responses that were ever made at once, up to the limits of their pools: 8 MiB of slabs, 4 of
 * chunks, 4 of bodies. A leak of them beyond that shows in the trend of resident memory.
 */
const MAX_BUFFERS_GROWTH_MIB = 16;
const MAX_RESIDENT_GROWTH_SHARE = 0.1;
/**
 * Between the two quiet looks: what is resident follows the most responses that were ever made at once, which a minute of
 * warm-up need not have met. It rose by 14 % in the first 90 s of a soak of 5 minutes, and then no more (2026-11-23).
 */
const MAX_QUIET_RESIDENT_SHARE = 0.25;

export function judgeSoak({ warmUp, soak, before, after }: SoakResult): SoakMeasurement[] {
  const sorted = soak.scrapeMs.toSorted((a, b) => a - b);
  const quantile = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  const breaches = warmUp.breachCount + soak.breachCount;
  const { cut_off, complete, still_open } = soak.slowScrapes;
  const maxResidentMiB = before.residentMiB * (1 + MAX_QUIET_RESIDENT_SHARE);
  return [
    plain('responses', `${soak.scrapeMs.length}`),
    plain('largest response, bytes', soak.answerBytes.toLocaleString('en')),
    plain('sandboxes made', `${soak.sandboxesMade}`),
    plain('responses held to the strict reader', `${soak.strictlyRead}`),
    bounded('breaches of what a response must be', breaches, 0),
    plain('good sandboxes that were slow, of all looked at', `${soak.slowCount} of ${soak.checkedCount}`),
    plain('time of a response, median, ms', quantile(0.5).toFixed(0)),
    plain('99th percentile, ms', quantile(0.99).toFixed(0)),
    bounded('longest, ms', Math.round(quantile(1)), FAST_TIMEOUT_MS),
    plain('slow scrapes cut off in time', `${cut_off}`),
    plain('slow scrapes that were complete in time', `${complete}`),
    bounded('slow scrapes that went on behind their time', still_open, 0),
    plain('CPU for a second of it, ms', (soak.cpuMs / soak.resident.length).toFixed(0)),
    plain('peak of resident memory, MiB', soak.peakMiB.toFixed(0)),
    bounded('descriptors when quiet', after.descriptors, before.descriptors),
    bounded('sockets when quiet', after.sockets, before.sockets),
    plain('heap in use when quiet, before and after, MiB', `${before.heapMiB.toFixed(1)}, ${after.heapMiB.toFixed(1)}`),
    plain(
      'buffers when quiet, before and after, MiB',
      `${before.buffersMiB.toFixed(1)}, ${after.buffersMiB.toFixed(1)}`,
    ),
    bounded('growth of the heap, MiB', round(after.heapMiB - before.heapMiB), MAX_HEAP_GROWTH_MIB),
    bounded('growth of buffers, MiB', round(after.buffersMiB - before.buffersMiB), MAX_BUFFERS_GROWTH_MIB),
    bounded('resident when quiet, MiB', round(after.residentMiB), round(maxResidentMiB)),
    ...trendRows('resident memory', soak.resident, round(before.residentMiB * MAX_RESIDENT_GROWTH_SHARE)),
  ];
}

/** Of the soak, that a trend leaves out: after the quiet look memory first comes back to what the work needs. */
const RAMP_SHARE = 1 / 4;

function trendRows(of: string, all: readonly Point[], bound: number): SoakMeasurement[] {
  const points = all.filter(({ x }) => x >= (all.at(-1)?.x ?? 0) * RAMP_SHARE);
  if (points.length < 3) {
    return [];
  }
  const { growth, sureGrowth } = findTrend(points);
  return [
    plain(`growth of ${of} over the last three quarters, by its trend, MiB`, growth.toFixed(1)),
    bounded('of which sure (2 standard errors), MiB', round(sureGrowth), bound),
  ];
}

function plain(name: string, value: string): SoakMeasurement {
  return { name, value, bound: undefined, isKept: true };
}

function bounded(name: string, value: number, max: number): SoakMeasurement {
  return { name, value: `${value}`, bound: `at most ${max}`, isKept: value <= max };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
