import { describe, expect, it } from 'vitest';
import { catalog } from '../catalog/index.ts';
import { conventions, toAttributeName, toOtelName } from './conventions.ts';

describe('toOtelName', () => {
  it.each([
    ['kata_sandbox_cpu_usage_seconds_total', 'k8s.pod.cpu.time', 's'],
    ['kata_sandbox_memory_working_set_bytes', 'k8s.pod.memory.working_set', 'By'],
    ['kata_monitor_process_cpu_seconds_total', 'process.cpu.time', 's'],
    ['kata_sandbox_host_cpu_seconds_total', 'kata.sandbox.host_cpu', 's'],
    ['kata_sandbox_memory_total_bytes', 'kata.sandbox.memory_total', 'By'],
    ['kata_guest_meminfo', 'kata.guest.meminfo', ''],
    ['kata_shim_agent_rpc_durations_histogram_milliseconds', 'kata.shim.agent_rpc_durations_histogram', 'ms'],
    ['kata_shim_go_memstats_alloc_bytes', 'kata.shim.go_memstats_alloc', 'By'],
    ['kata_shim_go_memstats_alloc_bytes_total', 'kata.shim.go_memstats_alloc_bytes_total', 'By'],
    // What the catalog does not have keeps its whole name: the unit in it is only a guess.
    ['kata_guest_of_tomorrow_bytes_total', 'kata.guest.of_tomorrow_bytes_total', ''],
    ['myapp_requests_total', 'myapp_requests_total', ''],
    ['__proto__', '__proto__', ''],
  ])('%s', (family, name, unit) => {
    expect(toOtelName(family)).toMatchObject({ name, unit });
  });

  it('has one name for each family of the catalog, except where attributes tell them apart', () => {
    const names = Object.keys(catalog).map((family) => {
      const { name, attributes = {} } = toOtelName(family);
      return `${name} ${JSON.stringify(attributes)}`;
    });
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('has conventions only for families of the catalog, falling sums only for gauges', () => {
    for (const [family, { isUpDown = false }] of Object.entries(conventions)) {
      const { type } = catalog[family as keyof typeof catalog];
      expect([family, type]).toEqual([family, isUpDown || family.endsWith('_ratio') ? 'gauge' : 'counter']);
    }
  });
});

it('names attributes by the conventions only for families that have them', () => {
  expect(toAttributeName('kata_sandbox_network_receive_bytes_total', 'interface')).toBe('network.interface.name');
  expect(toAttributeName('kata_guest_netdev_stat', 'interface')).toBe('interface');
  expect(toAttributeName('kata_sandbox_network_receive_bytes_total', 'constructor')).toBe('constructor');
});
