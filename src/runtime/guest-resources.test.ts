import { beforeEach, describe, expect, it } from 'vitest';
import { Code } from '../ttrpc/index.ts';
import { fitToGuest } from './guest-resources.ts';
import { parseResources } from './oci-for-guest.ts';

const GUEST_CPUS = 2;

let omitted: string[] = [];
beforeEach(() => {
  omitted = [];
});

function adapt(json: object) {
  const resources = parseResources(JSON.stringify(json));
  fitToGuest(resources, GUEST_CPUS, (message) => omitted.push(message));
  return resources;
}

describe('resources in a guest of two CPUs', () => {
  it.each([
    ['', ''],
    ['0', '0'],
    ['0-1', '0-1'],
    ['1,0', '1,0'],
    ['2', ''],
    ['0-3', ''],
    ['0,6-7', ''],
    ['100-127', ''],
  ])('CPU set "%s" becomes "%s"', (cpus, expected) => {
    expect(adapt({ cpu: { cpus, quota: 200_000 } }).cpu).toMatchObject({ cpus: expected, quota: 200_000n });
    const message = `The set of CPUs "${cpus}" is omitted: the guest has 0 to 1`;
    expect(omitted).toEqual(cpus === expected ? [] : [message]);
  });

  it.each([
    ['0', '0'],
    ['1', ''],
    ['0-1', ''],
  ])('NUMA nodes "%s" become "%s"', (mems, expected) => {
    expect(adapt({ cpu: { mems } }).cpu?.mems).toBe(expected);
  });

  it('have no limits of huge pages where none are requested, as by the kubelet', () => {
    const hugepageLimits = ['2MB', '1GB'].map((pageSize) => ({ pageSize, limit: 0 }));
    expect(adapt({ hugepageLimits }).hugepageLimits).toEqual([]);
  });

  it('can be no huge pages', () => {
    expect(() => adapt({ hugepageLimits: [{ pageSize: '2MB', limit: 4_194_304 }] })).toThrow(
      expect.objectContaining({
        code: Code.unimplemented,
        message: expect.stringContaining('a limit of 4194304 bytes for pages of "2MB"'),
      }),
    );
  });

  it.each<[object, string]>([
    [{ cpu: { shares: 1 } }, 'The CPU shares must be from 2 to 262144, got 1'],
    [{ cpu: { shares: 262_145 } }, 'got 262145'],
    [{ cpu: { quota: 999 } }, 'The CPU quota in microseconds must be from 1000 to 9223372036854775807 or -1, got 999'],
    [{ cpu: { quota: -2 } }, 'got -2'],
    [{ cpu: { period: 999 } }, 'The CPU period in microseconds must be from 1000 to 1000000, got 999'],
    [{ cpu: { period: 1_000_001 } }, 'got 1000001'],
    [{ memory: { limit: -5 } }, 'The memory limit in bytes must be from 1 to 9223372036854775807 or -1, got -5'],
    [{ memory: { swap: -5 } }, 'The memory and swap limit in bytes'],
    [{ pids: { limit: -2 } }, 'The limit of processes'],
    [{ cpu: { cpus: 'all' } }, 'The set of CPUs must be numbers and ranges such as 0-3,6, got "all"'],
    [{ cpu: { cpus: '0\n1' } }, 'got "0\\n1"'],
    [{ cpu: { mems: '0-' } }, 'The set of NUMA nodes must be'],
  ])('%j are rejected', (json, message) => {
    expect(() => adapt(json)).toThrow(
      expect.objectContaining({ code: Code.invalidArgument, message: expect.stringContaining(message) }),
    );
  });

  it.each<[object]>([
    [{ cpu: { shares: 2, quota: -1, period: 100_000 }, memory: { limit: -1, swap: -1 }, pids: { limit: -1 } }],
    [{ cpu: { shares: 262_144, quota: 1000 }, memory: { limit: 1 }, pids: { limit: 1 } }],
    [{}],
  ])('%j are taken', (json) => {
    expect(() => adapt(json)).not.toThrow();
  });
});
