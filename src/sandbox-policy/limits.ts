/**
 * The limits of sandboxes as options and as values; the rows are those of the catalog. A sandbox that exceeds a limit
 * loses what is over it, or all of its metrics if that part cannot be determined. Other sandboxes are not affected.
 */
import { sandboxLimits } from '../catalog/sandbox-limits.ts';
import { type OptionTable, type OptionValues, toCamelCase } from '../options/index.ts';

export const sandboxLimitOptions = sandboxLimits satisfies OptionTable;

export type SandboxLimits = OptionValues<typeof sandboxLimitOptions>;

/** The defaults of the options. */
export const defaultSandboxLimits = Object.fromEntries(
  Object.entries(sandboxLimitOptions).map(([flag, limit]) => [toCamelCase(flag), limit.default]),
) as unknown as SandboxLimits;
