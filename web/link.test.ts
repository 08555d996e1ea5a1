import { describe, expect, it } from 'vitest';
import { defaultView, formatView, parseView, type View } from './link.ts';

describe('parseView and formatView', () => {
  it.each<[string, Partial<View>]>([
    ['#/', {}],
    [
      '#/?sort=-cpu&q=shop+web&namespace=shop&unhealthy=1',
      { sort: 'cpu', text: 'shop web', namespace: 'shop', isUnhealthyOnly: true },
    ],
    ['#/?sort=pod', { sort: 'pod', isDescending: false }],
    ['#/sandbox/abc.1-2_3?range=60', { sandbox: 'abc.1-2_3', range: 60 }],
    ['#/?q=%3Cb%3E%26%3D%23', { text: '<b>&=#' }],
  ])('%s is the link of its view', (hash, part) => {
    const view = { ...defaultView, ...part };
    expect(parseView(hash)).toEqual(view);
    expect(formatView(view)).toBe(hash);
  });

  it.each(['', '#', '#nonsense', '#/sandbox/', '#/sandbox/../x', '#/?sort=-nonsense&range=7&unhealthy=yes', '#/?%'])(
    '%j is the default view',
    (hash) => {
      expect(parseView(hash)).toEqual(defaultView);
    },
  );
});
