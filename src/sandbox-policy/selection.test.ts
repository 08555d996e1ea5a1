import { describe, expect, it } from 'vitest';
import { everything, FamilySelection, type FamilySelectionOptions } from './selection.ts';

function choose(name: string, options: Partial<FamilySelectionOptions>): unknown {
  return new FamilySelection({ metricsProfile: 'full', metricsAllow: [], metricsDeny: [], ...options }).choose(name);
}

describe('FamilySelection', () => {
  it('leaves families without allow and deny to the profile', () => {
    expect(choose('kata_agent_threads', { metricsProfile: 'minimal' })).toBe('none');
    expect(choose('kata_guest_cpu_time', { metricsProfile: 'standard' })).toEqual({ cpu: ['total'] });
    expect(choose('kata_agent_threads', { metricsProfile: 'full' })).toBe('all');
  });

  it.each<[allow: string[], deny: string[], choice: string]>([
    [['kata_guest_'], [], 'all'],
    [[], ['kata_guest_'], 'none'],
    [['kata_guest_vm'], ['kata_guest_'], 'all'],
    [['kata_guest_'], ['kata_guest_vm'], 'none'],
    [['kata_guest_vm', 'kata_'], ['kata_guest_'], 'all'],
    [['kata_guest_vm'], ['kata_guest_vm'], 'none'],
    [['kata_guest_vm_stat_x'], ['kata_'], 'none'],
  ])('counts the longer prefix: allow %j, deny %j', (metricsAllow, metricsDeny, choice) => {
    expect(choose('kata_guest_vm_stat', { metricsProfile: 'minimal', metricsAllow, metricsDeny })).toBe(choice);
  });

  it('knows when nothing is left out', () => {
    expect(everything.isEverything).toBe(true);
    const deny = new FamilySelection({ metricsProfile: 'full', metricsAllow: [], metricsDeny: ['kata_agent_'] });
    expect(deny.isEverything).toBe(false);
  });
});
