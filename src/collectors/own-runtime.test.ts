/**
 * The process, Go and Node.js families of a program, read from this very process.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalog } from '../catalog/index.ts';
import type { MetricFamily } from '../exposition/index.ts';
import { collectGoRuntime } from './go-runtime.ts';
import { readPageSizeBytes } from './machine.ts';
import { collectNodeRuntime } from './node-runtime.ts';
import { collectOwnProcess } from './own-process.ts';
import { type RuntimeObserver, startRuntimeObserver } from './runtime-observer.ts';

let runtime: RuntimeObserver;
beforeAll(() => {
  runtime = startRuntimeObserver();
});
afterAll(() => runtime.stop());

const procfs = { root: '/proc' };

/** Values of families of one sample, by name. */
function byName(families: readonly MetricFamily[]): Record<string, number> {
  return Object.fromEntries(families.map(({ name, samples }) => [name, Number(samples.at(-1)?.value)]));
}

const namesOf = (prefix: string): string[] => Object.keys(catalog).filter((name) => name.startsWith(prefix));

describe.each(['kata_shim_', 'kata_monitor_'] as const)('families of a program under %s', (prefix) => {
  const context = () => ({ procfs, prefix, runtime, pageSizeBytes: readPageSizeBytes() });

  it('are all that the catalog has', async () => {
    const groups = await Promise.all([
      collectOwnProcess(context()),
      collectGoRuntime(context()),
      collectNodeRuntime(context()),
    ]);
    const names = groups.flat().map(({ name }) => name);
    const expected = ['process_', 'go_', 'nodejs_'].flatMap((group) => namesOf(`${prefix}${group}`));
    expect(names.toSorted()).toEqual(expected.toSorted());
  });

  it('are true of the process', async () => {
    // Before and after it: a collection of garbage in between gives memory back.
    const [rssBefore, cpuBefore] = [process.memoryUsage.rss(), process.cpuUsage()];
    const own = byName(await collectOwnProcess(context()));
    const [rssAfter, cpuAfter] = [process.memoryUsage.rss(), process.cpuUsage()];
    const ownRss = own[`${prefix}process_resident_memory_bytes`];
    expect(ownRss).toBeGreaterThan(Math.min(rssBefore, rssAfter) * 0.75);
    expect(ownRss).toBeLessThan(Math.max(rssBefore, rssAfter) * 1.25);
    const startSeconds = Date.now() / 1000 - process.uptime();
    expect(Math.abs((own[`${prefix}process_start_time_seconds`] ?? 0) - startSeconds)).toBeLessThan(5);
    const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;
    // The kernel counts in hundredths of a second.
    expect(own[`${prefix}process_cpu_seconds_total`]).toBeGreaterThan(secondsOf(cpuBefore) - 0.1);
    expect(own[`${prefix}process_cpu_seconds_total`]).toBeLessThan(secondsOf(cpuAfter) + 0.1);
    expect(own[`${prefix}process_open_fds`]).toBeGreaterThan(2);
    expect(own[`${prefix}process_max_fds`]).toBeGreaterThan(2);
  });

  it('report what Go would have reported, with true values', async () => {
    const go = byName(await collectGoRuntime(context()));
    const alloc = go[`${prefix}go_memstats_alloc_bytes`] ?? 0;
    expect(alloc).toBeGreaterThan(1e6);
    expect(go[`${prefix}go_memstats_heap_sys_bytes`]).toBeGreaterThan(alloc);
    expect(go[`${prefix}go_memstats_alloc_bytes_total`]).toBeGreaterThan(0);
    expect(go[`${prefix}go_memstats_stack_inuse_bytes`]).toBeGreaterThan(0);
    expect(go[`${prefix}go_threads`]).toBeGreaterThan(4);
    expect(go[`${prefix}go_goroutines`]).toBeGreaterThan(0);
    expect(Object.values(go).filter((value) => Number.isNaN(value))).toEqual([]);
  });
});

describe('the quantiles of collections', () => {
  it('are the nearest ranks of the last pauses', async () => {
    const fixed: RuntimeObserver = {
      recentPauses: () => Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]),
      totals: () => new Map([['minor', { runs: 20, seconds: 50 }]]),
      lastEndSeconds: () => 1_700_000_000,
      filledBytes: () => 5,
      stop: () => undefined,
    };
    const [summary] = await collectGoRuntime({ procfs, prefix: 'kata_shim_', runtime: fixed, pageSizeBytes: 4096 });
    expect(summary?.samples.map(({ suffix, labels, value }) => [suffix ?? labels['quantile'], value])).toEqual([
      ['0', 1],
      ['0.25', 3],
      ['0.5', 5],
      ['0.75', 7],
      ['1', 9],
      ['_sum', 50],
      ['_count', 20],
    ]);
  });
});
