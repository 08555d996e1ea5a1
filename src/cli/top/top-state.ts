/**
 * What `top` shows, and how keys change it. Pure.
 */
import { type ColumnKey, columnsOf, findColumn, type RowFilter, type RowOrder } from '../../view/index.ts';

export interface TopState {
  readonly screen: 'detail' | 'help' | 'table';
  readonly order: RowOrder;
  readonly filter: RowFilter;
  /** Whether keys change the filter. */
  readonly isTyping: boolean;
  /** The selected sandbox; undefined for the first row. */
  readonly selectedId: string | undefined;
  /** Lines that are scrolled out of sight in the details. */
  readonly scroll: number;
  readonly isOver: boolean;
}

/** Facts that the reaction to a key depends on. */
export interface TopFacts {
  /** The ids of the rows of the table, in their order. */
  readonly ids: readonly string[];
  readonly namespaces: readonly string[];
  /** Whether the sandboxes are those of several nodes. */
  readonly hasNodes: boolean;
  /** Rows that fit on the screen. */
  readonly pageRows: number;
}

/** A key as node:readline names it. */
export interface Key {
  readonly name?: string | undefined;
  /** The characters that it sends. */
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

/** Maximum length of a filter, which is sufficient for an id. */
const MAX_FILTER_LENGTH = 128;

/** The direction that a column is sorted in at first: numbers from the largest, states from the unhealthy ones. */
export function firstOrder(key: ColumnKey): RowOrder {
  return { key, isDescending: key === 'state' || findColumn(key)?.isNumber === true };
}

export function reactTo(state: TopState, key: Key, facts: TopFacts): TopState {
  if (key.ctrl === true && key.name === 'c') {
    return { ...state, isOver: true };
  }
  if (state.isTyping) {
    return typeInto(state, key);
  }
  if (state.screen === 'help') {
    return { ...state, screen: 'table' };
  }
  return state.screen === 'detail' ? reactInDetail(state, key, facts) : reactInTable(state, key, facts);
}

function typeInto(state: TopState, { name, sequence = '', ctrl }: Key): TopState {
  const { text } = state.filter;
  const withText = (next: string): TopState => ({ ...state, filter: { ...state.filter, text: next }, scroll: 0 });
  switch (name) {
    case 'return':
    case 'enter':
      return { ...state, isTyping: false };
    case 'escape':
      return { ...withText(''), isTyping: false };
    case 'backspace':
      return withText(text.slice(0, -1));
    default: {
      const isText = ctrl !== true && /^[\x20-\x7e\u00a0-\uffff]+$/.test(sequence);
      return isText ? withText((text + sequence).slice(0, MAX_FILTER_LENGTH)) : state;
    }
  }
}

function reactInDetail(state: TopState, { name, sequence }: Key, { pageRows }: TopFacts): TopState {
  const scrollBy = (lines: number): TopState => ({ ...state, scroll: Math.max(0, state.scroll + lines) });
  switch (name ?? sequence) {
    case 'escape':
    case 'q':
    case 'left':
    case 'backspace':
      return { ...state, screen: 'table', scroll: 0 };
    case 'down':
    case 'j':
      return scrollBy(1);
    case 'up':
    case 'k':
      return scrollBy(-1);
    case 'pagedown':
    case 'space':
      return scrollBy(pageRows);
    case 'pageup':
      return scrollBy(-pageRows);
    case 'home':
      return { ...state, scroll: 0 };
    default:
      return sequence === '?' ? { ...state, screen: 'help' } : state;
  }
}

function reactInTable(state: TopState, { name, sequence }: Key, facts: TopFacts): TopState {
  const { filter, order } = state;
  switch (sequence) {
    case '?':
      return { ...state, screen: 'help' };
    case '/':
      return { ...state, isTyping: true };
    case '<':
      return { ...state, order: firstOrder(neighbour(order.key, -1, facts)) };
    case '>':
      return { ...state, order: firstOrder(neighbour(order.key, 1, facts)) };
    case 'G':
      return select(state, facts, facts.ids.length - 1);
    default:
  }
  const at = Math.max(0, facts.ids.indexOf(state.selectedId ?? ''));
  switch (name) {
    case 'q':
      return { ...state, isOver: true };
    case 'escape':
      return { ...state, filter: { text: '', namespace: undefined, isUnhealthyOnly: false } };
    case 'down':
    case 'j':
      return select(state, facts, at + 1);
    case 'up':
    case 'k':
      return select(state, facts, at - 1);
    case 'pagedown':
    case 'space':
      return select(state, facts, at + facts.pageRows);
    case 'pageup':
      return select(state, facts, at - facts.pageRows);
    case 'home':
    case 'g':
      return select(state, facts, 0);
    case 'end':
      return select(state, facts, facts.ids.length - 1);
    case 'right':
    case 'return':
    case 'enter':
      return facts.ids.length === 0 ? state : { ...select(state, facts, at), screen: 'detail', scroll: 0 };
    case 'r':
      return { ...state, order: { ...order, isDescending: !order.isDescending } };
    case 'u':
      return { ...state, filter: { ...filter, isUnhealthyOnly: !filter.isUnhealthyOnly } };
    case 'n':
      return { ...state, filter: { ...filter, namespace: nextNamespace(filter.namespace, facts.namespaces) } };
    default:
      return state;
  }
}

function select(state: TopState, { ids }: TopFacts, index: number): TopState {
  return { ...state, selectedId: ids[Math.min(ids.length - 1, Math.max(0, index))] };
}

function neighbour(key: ColumnKey, step: number, { hasNodes }: TopFacts): ColumnKey {
  const columns = columnsOf({ hasNodes, isWide: true });
  const at = columns.findIndex((column) => column.key === key);
  return columns[(at + step + columns.length) % columns.length]!.key;
}

/** All, then each by name, then all again. */
function nextNamespace(current: string | undefined, namespaces: readonly string[]): string | undefined {
  return namespaces[current === undefined ? 0 : namespaces.indexOf(current) + 1];
}
