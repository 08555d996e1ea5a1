/**
 * The options of `kata-metrics top`, and the view that they begin with.
 */
import type { OptionValues } from '../../options/index.ts';
import type { cliCommands } from '../../settings/cli.ts';
import { firstOrder, type TopState } from './top-state.ts';

export type TopValues = OptionValues<typeof cliCommands.top.options>;

/** Minimum time between two reads for rates, in milliseconds: counters of CPU time have steps of 10 ms. */
export const RATE_MS = 1000;

/** The table, sorted and filtered by the options. */
export function toState({ sort, filter, namespace, unhealthy }: TopValues): TopState {
  return {
    screen: 'table',
    order: firstOrder(sort),
    filter: { text: filter ?? '', namespace, isUnhealthyOnly: unhealthy },
    isTyping: false,
    selectedId: undefined,
    scroll: 0,
    isOver: false,
  };
}
