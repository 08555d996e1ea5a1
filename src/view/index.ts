/**
 * What people see of sandboxes, the same on the page and in the terminal: rates, columns, sorting, filters, formats, and
 * runbooks. Pure; runs in a browser too.
 */
export { type Column, type ColumnKey, columns, columnsOf, findColumn } from './columns.ts';
export {
  type CpuMode,
  cpuModes,
  type DetailField,
  type DetailTotals,
  describeIncidents,
  detailFields,
  readDetailTotals,
  toDetailRates,
} from './detail-rates.ts';
export { describeReason, runbookOf } from './explain.ts';
export {
  formatAge,
  formatBytes,
  formatCores,
  formatMilliseconds,
  formatNumber,
  formatPercent,
  formatRate,
} from './format.ts';
export { type SandboxRates, type SandboxRow, sandboxName, toRows } from './sandbox-rows.ts';
export { type RowFilter, type RowOrder, selectRows } from './select-rows.ts';
