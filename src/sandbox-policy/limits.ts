/**
 * How much one sandbox may send, and how many there may be, as options and as values: the rows are those of the catalog.
 * What is over a limit costs the sandbox that, or all of its metrics where that cannot be told, and no other sandbox
 * anything.
 */
import { sandboxLimits } from '../catalog/sandbox-limits.ts';
import { type OptionTable, type OptionValues, toCamelCase } from '../options/index.ts';

export const sandboxBoundOptions = sandboxLimits satisfies OptionTable;

export type SandboxBounds = OptionValues<typeof sandboxBoundOptions>;

/** The limits where nothing else is given. */
export const defaultSandboxBounds = Object.fromEntries(
  Object.entries(sandboxBoundOptions).map(([flag, limit]) => [toCamelCase(flag), limit.default]),
) as unknown as SandboxBounds;
