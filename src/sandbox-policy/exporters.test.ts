import { expect, it } from 'vitest';
import { isForbiddenToExporters, toExporterNaming } from './index.ts';

it.each([
  ['node_cpu_seconds_total', false],
  ['DCGM_FI_DEV_GPU_UTIL', false],
  ['uptime', false],
  ['kataclysm', false],
  ['job:requests:rate5m', false],
  ['kata_x', true],
  // As a histogram it would have samples kata_sum and kata_count.
  ['kata', true],
  ['up', true],
  ['scrape_duration_seconds', true],
  ['ALERTS', true],
  ['namespace:kata_sandbox_cpu_usage_seconds:rate5m', true],
  ['instance:kata_sandbox_up:avg', true],
])('%s: forbidden to exporters: %s', (name, isForbidden) => {
  expect(isForbiddenToExporters(name)).toBe(isForbidden);
  expect(toExporterNaming()(name).kind).toBe(isForbidden ? 'forbidden' : 'named');
});
