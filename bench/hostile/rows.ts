/**
 * All rows of the cost table, in their order. A new kind of input is a new row here.
 */
import { bodyRows } from './body-rows.ts';
import { protocolRows } from './protocol-rows.ts';
import type { HostileRow } from './row.ts';
import { slowRows } from './slow-rows.ts';

export const rows: readonly HostileRow[] = [...bodyRows, ...slowRows, ...protocolRows];
