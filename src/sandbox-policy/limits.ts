/**
 * How much one sandbox may send, and how many there may be, as options and as values: the rows are those of the catalog.
 * What is over a limit costs the sandbox that, or all of its metrics where that cannot be told, and no other sandbox
 * anything.
 */
import { sandboxLimits } from '../catalog/sandbox-limits.ts';
import { type OptionTable, type OptionValues, toCamelCase } from '../options/index.ts';

export const sandboxLimitOptions = sandboxLimits satisfies OptionTable;

export type SandboxLimits = OptionValues<typeof sandboxLimitOptions>;

/** The defaults of the options. */
export const defaultSandboxLimits = Object.fromEntries(
  Object.entries(sandboxLimitOptions).map(([flag, limit]) => [toCamelCase(flag), limit.default]),
) as unknown as SandboxLimits;
