import { describe, expect, it } from 'vitest';
import { originOf } from '../catalog/index.ts';
import { keepNames, noLabels, planMerge, scan } from '../exposition/index.ts';
import { readShimStarts, StartTimes } from './start-times.ts';

const sandbox = (readSeconds: number | null, uptimeSeconds: number | null, startSeconds: number | null = 100) => ({
  id: 'x',
  startSeconds,
  readSeconds,
  uptimeSeconds,
});
const GUEST = 'kata_guest_cpu_time';

describe('StartTimes', () => {
  it.each([
    ['kata_guest_cpu_time', 110],
    ['kata_sandbox_cpu_usage_seconds_total', 110],
    ['kata_shim_process_cpu_seconds_total', 100],
    ['kata_sandbox_host_cpu_seconds_total', 100],
    ['kata_sandbox_restarts_total', 100],
  ])('%s begins at %i', (family, startSeconds) => {
    const times = new StartTimes();
    times.update([sandbox(200, 90)], 201);
    expect(times.timesOf('x', originOf(family))).toEqual({ startSeconds, endSeconds: 200 });
  });

  it('keeps the time of a boot that jitters, and has a new one after another boot', () => {
    const times = new StartTimes();
    const starts = [sandbox(200, 90), sandbox(215.5, 105), sandbox(230, null), sandbox(245, 5)].map((each) => {
      times.update([each]);
      return times.timesOf('x', originOf(GUEST)).startSeconds;
    });
    expect(starts).toEqual([110, 110, 110, 240]);
  });

  it('keeps the time of a boot over a pause, in which the uptime stands still', () => {
    const times = new StartTimes();
    const starts = [sandbox(200, 90), sandbox(500, 92), sandbox(515, 107)].map((each) => {
      times.update([each]);
      return times.timesOf('x', originOf(GUEST)).startSeconds;
    });
    expect(starts).toEqual([110, 110, 110]);
  });

  it.each([1e308, 300, Number.POSITIVE_INFINITY, Number.NaN])('has no boot before 1970: uptime %d', (uptimeSeconds) => {
    const times = new StartTimes();
    times.update([sandbox(200, uptimeSeconds)], 201);
    expect(times.timesOf('x', originOf(GUEST))).toEqual({ startSeconds: 100, endSeconds: 200 });
    times.update([sandbox(200, 90)], 201);
    times.update([sandbox(215, uptimeSeconds)], 216);
    expect(times.timesOf('x', originOf(GUEST)).startSeconds).toBe(110);
  });

  it('never has a start after the end, and none that is not known', () => {
    const times = new StartTimes();
    times.update([sandbox(90, null)], 90);
    expect(times.timesOf('x', originOf(GUEST))).toEqual({ startSeconds: 90, endSeconds: 90 });
    times.update([{ ...sandbox(null, null, null), id: 'y' }], 91);
    expect(times.timesOf('y', originOf(GUEST))).toEqual({ startSeconds: undefined, endSeconds: 91 });
    expect(times.timesOf('gone', originOf(GUEST))).toEqual({ startSeconds: undefined, endSeconds: 91 });
    expect(times.timesOf(undefined, originOf('kata_sandbox_final_cpu_seconds_total')).startSeconds).toBeUndefined();
    expect(times.timesOf(undefined, originOf('kata_monitor_scrape_count')).startSeconds).toBe(
      performance.timeOrigin / 1000,
    );
  });
});

it('has the start of the process for counters of a shim', () => {
  const body = '# TYPE kata_shim_process_start_time_seconds gauge\nkata_shim_process_start_time_seconds 150\n';
  const plan = planMerge([{ id: 'x', scan: scan(Buffer.from(body)), labels: noLabels, naming: keepNames }]);
  const times = new StartTimes();
  times.update([sandbox(200, 90), { ...sandbox(200, 90), id: 'y' }], 201, readShimStarts(plan));
  const starts = (id: string) =>
    ['kata_shim_process_cpu_seconds_total', 'kata_shim_sandbox_oom_kills_total'].map(
      (family) => times.timesOf(id, originOf(family)).startSeconds,
    );
  expect([starts('x'), starts('y')]).toEqual([
    [150, 100],
    [100, 100],
  ]);
});
