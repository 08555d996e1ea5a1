import { expect, it } from 'vitest';
import type { FamilyDefinition } from '../catalog/index.ts';
import { encodeText } from '../exposition/index.ts';
import { keepFormerNames } from './collect.ts';

const row = { component: 'guest', type: 'gauge', labels: {}, value: '', source: '', isContract: false } as const;
const table: Record<string, FamilyDefinition> = {
  kata_guest_new: { ...row, help: 'Renamed.', formerName: 'kata_guest_old' },
  kata_guest_same: { ...row, help: 'Not renamed.' },
};

it('sends a renamed family under both names', () => {
  const families = ['kata_guest_new', 'kata_guest_same', 'kata_guest_open'].map((name) => ({
    name,
    type: 'gauge' as const,
    help: table[name]?.help ?? 'Not in the catalog.',
    samples: [{ labels: { item: 'a' }, value: 1 }],
  }));
  expect(encodeText(keepFormerNames(families, table)).toString()).toBe(`# HELP kata_guest_new Renamed.
# TYPE kata_guest_new gauge
kata_guest_new{item="a"} 1
# HELP kata_guest_old Renamed.
# TYPE kata_guest_old gauge
kata_guest_old{item="a"} 1
# HELP kata_guest_same Not renamed.
# TYPE kata_guest_same gauge
kata_guest_same{item="a"} 1
# HELP kata_guest_open Not in the catalog.
# TYPE kata_guest_open gauge
kata_guest_open{item="a"} 1
`);
});
