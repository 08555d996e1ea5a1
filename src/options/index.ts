/**
 * Options declared once as data, for every program. On `node:util`, not on a library: a shim and an agent run once for
 * each sandbox, and a command line library would stay in the memory of all of them.
 */

export { parseDuration } from './duration.ts';
export { formatHelp } from './help.ts';
export { OptionError, type ParsedOptions, parseOptions } from './parse.ts';
export type {
  DurationOption,
  FlagOption,
  IntegerOption,
  ListOption,
  OptionSpec,
  OptionTable,
  OptionValues,
  TextOption,
} from './table.ts';
