import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { StatsContainerResponseSchema } from '../../proto/index.ts';
import type { StatsResult } from './agent-result.ts';
import { queryContainers, renderContainers } from './container-stats.ts';

const stats = (init: object): StatsResult => ({ kind: 'ok', stats: create(StatsContainerResponseSchema, init) });

describe('queryContainers', () => {
  it('queries all containers concurrently, each with the same timeout', async () => {
    const asked: [string, number][] = [];
    const agent = {
      statsContainer: async (id: string, { timeoutMs }: { timeoutMs: number }) => {
        asked.push([id, timeoutMs]);
        return stats({});
      },
    };
    const responses = await queryContainers({ agent, ids: ['a', 'b'], timeoutMs: 7 });
    expect([...responses.keys()]).toEqual(['a', 'b']);
    expect(asked).toEqual([
      ['a', 7],
      ['b', 7],
    ]);
  });
});

describe('renderContainers', () => {
  it('returns values with all their digits, and failures with their reason', () => {
    const text = renderContainers(
      new Map<string, StatsResult>([
        ['web', stats({ cgroupStats: { cpuStats: { cpuUsage: { totalUsage: 2n ** 64n - 1n } } } })],
        ['db', { kind: 'failed', reason: 'deadline', message: 'No "response"\nin time' }],
      ]),
    );
    expect(JSON.parse(text)).toEqual({
      containers: [
        { id: 'web', stats: { cgroupStats: { cpuStats: { cpuUsage: { totalUsage: '18446744073709551615' } } } } },
        { id: 'db', error: { reason: 'deadline', message: 'No "response"\nin time' } },
      ],
    });
  });

  it('forwards no more than a container can have', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key_${i}`, 1n]));
    const text = renderContainers(
      new Map([
        ['big', stats({ cgroupStats: { memoryStats: { stats: many } } })],
        ['small', stats({})],
      ]),
    );
    expect(JSON.parse(text)).toEqual({
      containers: [
        { id: 'big', error: { reason: 'too_large', message: expect.stringMatching(/the limit is 262144$/) } },
        { id: 'small', stats: {} },
      ],
    });
  });

  it('is a list without entries where no containers are known', () => {
    expect(renderContainers(new Map())).toBe('{"containers":[]}\n');
  });
});
