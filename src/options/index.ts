/**
 * Options declared once as data, for every program. Based on `node:util` instead of a library: a shim and an agent run
 * once for each sandbox, and a command line library would stay in the memory of all of them.
 */

export { parseDuration } from './duration.ts';
export { variableName } from './environment.ts';
export { formatHelp } from './help.ts';
export { OptionError } from './option-error.ts';
export { type ParsedOptions, type ParseSettings, parseOptions, toCamelCase } from './parse.ts';
export { suggest } from './suggest.ts';
export type {
  DurationOption,
  FlagOption,
  IntegerOption,
  LenientChoices,
  ListOption,
  OptionSpec,
  OptionTable,
  OptionValues,
  TextOption,
} from './table.ts';
