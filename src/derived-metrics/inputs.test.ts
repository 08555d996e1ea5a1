import { describe, expect, it } from 'vitest';
import type { FamilyChoice } from '../exposition/index.ts';
import { addDerivedMetricInputs } from './inputs.ts';

const needed = { item: ['oom_kill', 'pgmajfault'] };

describe('what is scanned of a family', () => {
  it.each<[name: string, wanted: FamilyChoice, scanned: FamilyChoice]>([
    ['kata_agent_threads', 'none', 'none'],
    ['kata_agent_threads', { item: ['a'] }, { item: ['a'] }],
    ['kata_guest_load', 'none', 'all'],
    ['kata_guest_load', { item: ['load1'] }, 'all'],
    ['kata_guest_vm_stat', 'all', 'all'],
    ['kata_guest_vm_stat', 'none', needed],
    ['kata_guest_vm_stat', { item: ['oom_kill'] }, needed],
    ['kata_guest_vm_stat', { item: ['pswpin'] }, { item: ['pswpin', 'oom_kill', 'pgmajfault'] }],
    ['kata_guest_vm_stat', { item: { not: ['pswpin'] } }, 'all'],
    ['kata_guest_vm_stat', { item: ['oom_kill'], node: ['0'] }, 'all'],
  ])('%s, of which %j is wanted: %j', (name, wanted, scanned) => {
    expect(addDerivedMetricInputs(name, wanted)).toEqual(scanned);
  });

  it('is what is wanted, and no copy, where that has everything', () => {
    const wanted = { item: ['pswpin', 'pgmajfault', 'oom_kill'] };
    expect(addDerivedMetricInputs('kata_guest_vm_stat', wanted)).toBe(wanted);
  });
});
