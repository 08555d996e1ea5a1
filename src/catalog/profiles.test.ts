import { describe, expect, it } from 'vitest';
import { catalog, chooseInProfile, findFamily, type ProfileChoice, profileTable } from './index.ts';

const names = Object.keys(catalog);
const rows = Object.entries(profileTable);

/** Label values that a choice names. */
function valuesOf(choice: ProfileChoice | undefined): [label: string, values: readonly string[]][] {
  return typeof choice === 'object'
    ? Object.entries(choice).map(([label, values]) => [label, 'not' in values ? values.not : values])
    : [];
}

describe('The table of profiles', () => {
  it.each(rows.map(([key]) => key))('has at least one family for %s', (key) => {
    const matches = (name: string): boolean => (key.endsWith('*') ? name.startsWith(key.slice(0, -1)) : name === key);
    expect(names.filter(matches)).not.toEqual([]);
  });

  it.each(rows.filter(([key]) => !key.endsWith('*')))(
    'selects for %s only labels and values of the family',
    (key, row) => {
      const { labels = {} } = findFamily(key) ?? {};
      for (const [label, values] of [...valuesOf(row.standard), ...valuesOf(row.minimal)]) {
        expect(Object.keys(labels)).toContain(label);
        const known = labels[label]!;
        expect(values.filter((value) => known.length > 0 && !known.includes(value))).toEqual([]);
      }
    },
  );

  it.each(names)('selects in standard at least what minimal selects of %s', (name) => {
    const standard = chooseInProfile('standard', name);
    const minimal = chooseInProfile('minimal', name);
    const isContained =
      minimal === 'none' ||
      standard === 'all' ||
      valuesOf(standard).every(([label, values]) => {
        const [, own = []] = valuesOf(minimal).find(([each]) => each === label) ?? [];
        return own.length > 0 && own.every((value) => values.includes(value));
      });
    expect(isContained && !(standard === 'none' && minimal !== 'none')).toBe(true);
  });
});

describe('chooseInProfile', () => {
  it.each<[profile: 'full' | 'standard' | 'minimal', name: string, choice: ProfileChoice]>([
    ['full', 'kata_shim_go_goroutines', 'all'],
    ['standard', 'kata_shim_go_goroutines', 'none'],
    ['standard', 'kata_guest_load', 'all'],
    ['standard', 'kata_never_heard_of', 'all'],
    ['minimal', 'kata_never_heard_of', 'none'],
    ['minimal', 'kata_guest_vm_stat', 'none'],
    ['minimal', 'kata_guest_vm_stat2', 'none'],
    ['minimal', 'kata_sandbox_network_receive_bytes_total', 'all'],
    ['minimal', 'kata_sandbox_network_receive_errors_total', 'none'],
    ['minimal', 'kata_sandbox_up', 'all'],
    ['minimal', 'kata_sandbox_scrape_samples', 'none'],
    ['minimal', 'kata_monitor_scrape_count', 'all'],
    ['minimal', 'kata_monitor_go_goroutines', 'none'],
  ])('%s selects of %s %j', (profile, name, choice) => {
    expect(chooseInProfile(profile, name)).toEqual(choice);
  });
});
