import { describe, expect, it } from 'vitest';
import { planDescriptors, planOwnDescriptors } from './descriptor-plan.ts';

describe('planDescriptors', () => {
  it.each([
    ['few', 64, 24, 1, { clientConnections: 8, shimConnections: 24 }],
    ['few, and localhost', 64, 24, 2, { clientConnections: 4, shimConnections: 24 }],
    ['the soft limit of most machines', 1024, 24, 1, { clientConnections: 248, shimConnections: 744 }],
    ['the hard limit of systemd', 524_288, 24, 1, { clientConnections: 1000, shimConnections: 523_256 }],
    ['none', 24, 24, 1, { clientConnections: 4, shimConnections: 2 }],
  ])('divides %s', (_name, limit, openCount, addressCount, plan) => {
    expect(planDescriptors(limit, openCount, addressCount)).toEqual(plan);
  });

  it('reads the limit of this process', async () => {
    expect((await planOwnDescriptors(1)).shimConnections).toBeGreaterThan(2);
  });
});
