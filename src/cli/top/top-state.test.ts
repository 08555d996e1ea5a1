import { describe, expect, it } from 'vitest';
import { type Key, reactTo, type TopFacts, type TopState } from './top-state.ts';

const start: TopState = {
  screen: 'table',
  order: { key: 'state', isDescending: true },
  filter: { text: '', namespace: undefined, isUnhealthyOnly: false },
  isTyping: false,
  selectedId: undefined,
  scroll: 0,
  isOver: false,
};
const facts: TopFacts = { ids: ['a', 'b', 'c', 'd'], namespaces: ['dev', 'shop'], hasNodes: false, pageRows: 2 };

const named: Readonly<Record<string, Key>> = {
  Enter: { name: 'return', sequence: '\r' },
  Esc: { name: 'escape', sequence: '\u001b' },
  Down: { name: 'down', sequence: '\u001b[B' },
  Up: { name: 'up', sequence: '\u001b[A' },
  PageDown: { name: 'pagedown' },
  PageUp: { name: 'pageup' },
  End: { name: 'end' },
  Home: { name: 'home' },
  Backspace: { name: 'backspace', sequence: '\u007f' },
  'Ctrl-C': { name: 'c', sequence: '\u0003', ctrl: true },
  Paste: { sequence: 'two words' },
  Control: { sequence: '\u0007' },
};

/** Keys with blanks between them; others send their character. */
function press(keys: string, from: TopState = start, with_: TopFacts = facts): TopState {
  return keys
    .split(' ')
    .filter((key) => key !== '')
    .reduce((state, key) => reactTo(state, named[key] ?? { name: key.toLowerCase(), sequence: key }, with_), from);
}

describe('reactTo', () => {
  it.each<[string, Partial<TopState>]>([
    ['Down', { selectedId: 'b' }],
    ['j j k', { selectedId: 'b' }],
    ['Up', { selectedId: 'a' }],
    ['End Down', { selectedId: 'd' }],
    ['G', { selectedId: 'd' }],
    ['End g', { selectedId: 'a' }],
    ['PageDown', { selectedId: 'c' }],
    ['PageDown PageUp Home', { selectedId: 'a' }],
    ['Enter', { screen: 'detail', selectedId: 'a' }],
    ['Down Enter Down Down Up', { screen: 'detail', selectedId: 'b', scroll: 1 }],
    ['Down Enter Up', { screen: 'detail', selectedId: 'b', scroll: 0 }],
    ['Down Enter Down Esc', { selectedId: 'b', scroll: 0 }],
    ['Down Enter q', { selectedId: 'b' }],
    ['?', { screen: 'help' }],
    ['? x', {}],
    ['Enter ?', { screen: 'help', selectedId: 'a' }],
    ['>', { order: { key: 'since', isDescending: true } }],
    ['<', { order: { key: 'pod', isDescending: false } }],
    ['< <', { order: { key: 'id', isDescending: false } }],
    ['r', { order: { key: 'state', isDescending: false } }],
    ['u', { filter: { text: '', namespace: undefined, isUnhealthyOnly: true } }],
    ['u u', {}],
    ['n', { filter: { text: '', namespace: 'dev', isUnhealthyOnly: false } }],
    ['n n', { filter: { text: '', namespace: 'shop', isUnhealthyOnly: false } }],
    ['n n n', {}],
    ['/', { isTyping: true }],
    ['/ q u', { isTyping: true, filter: { text: 'qu', namespace: undefined, isUnhealthyOnly: false } }],
    ['/ a b Backspace Enter', { filter: { text: 'a', namespace: undefined, isUnhealthyOnly: false } }],
    ['/ a Esc', {}],
    ['/ Control Down', { isTyping: true }],
    ['/ Paste Enter', { filter: { text: 'two words', namespace: undefined, isUnhealthyOnly: false } }],
    ['/ a Enter u n Esc', {}],
    ['q', { isOver: true }],
    ['Ctrl-C', { isOver: true }],
    ['/ Ctrl-C', { isTyping: true, isOver: true }],
    ['? Ctrl-C', { screen: 'help', isOver: true }],
    ['x', {}],
  ])('%s', (keys, expected) => {
    expect(press(keys)).toEqual({ ...start, ...expected });
  });

  it('does nothing on a table without rows', () => {
    const empty = { ...facts, ids: [] };
    expect(press('Down Enter', start, empty)).toEqual({ ...start, selectedId: undefined });
  });

  it('selects the first row when the selected sandbox has ended', () => {
    expect(press('Down', { ...start, selectedId: 'gone' }).selectedId).toBe('b');
  });

  it('limits the filter', () => {
    const { filter } = reactTo({ ...start, isTyping: true }, { sequence: 'x'.repeat(10_000) }, facts);
    expect(filter.text).toHaveLength(128);
  });
});
