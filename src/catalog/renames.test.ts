import { describe, expect, it } from 'vitest';
import type { FamilyDefinition } from './definition.ts';
import { withPrefix } from './definition.ts';
import { catalog } from './index.ts';
import { agentRenames, findFormerNames, shimRenames, toBareName, toFullName } from './renames.ts';

const row: FamilyDefinition = {
  component: 'guest',
  type: 'gauge',
  help: 'Test.',
  labels: {},
  value: 'a number',
  source: 'a test',
  isContract: false,
};

describe('Names in bodies and in responses', () => {
  it.each([
    ['go_threads', 'kata_shim_go_threads'],
    ['process_open_fds', 'kata_shim_process_open_fds'],
    ['kata_shim_threads', 'kata_shim_threads'],
    ['kata_guest_load', 'kata_guest_load'],
    ['gopher_count', 'gopher_count'],
  ])('%s is %s of the shim, and back', (bare, full) => {
    expect(toFullName(shimRenames, bare)).toBe(full);
    expect(toBareName(shimRenames, full)).toBe(bare);
  });

  it.each([
    ['shim', shimRenames],
    ['agent', agentRenames],
  ])('are each the inverse of the other for every family of the catalog: %s', (_, renames) => {
    for (const name of Object.keys(catalog)) {
      expect(toFullName(renames, toBareName(renames, name))).toBe(name);
    }
  });
});

describe('Former names', () => {
  it('lead to the family that has them, with the prefix of its program', () => {
    const table = withPrefix('kata_agent_', 'agent', { new_name: { ...row, formerName: 'old_name' } });
    expect([...findFormerNames(table)]).toEqual([['kata_agent_old_name', 'kata_agent_new_name']]);
  });

  it.each<[what: string, table: Record<string, FamilyDefinition>]>([
    ['is in the catalog', { a: { ...row, formerName: 'b' }, b: row }],
    ['two families had', { a: { ...row, formerName: 'c' }, b: { ...row, formerName: 'c' } }],
  ])('fail when one is a name that %s', (_, table) => {
    expect(() => findFormerNames(table)).toThrow(/^Former name ".*" of family ".*" belongs to another family/);
  });
});
