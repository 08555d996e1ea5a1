/**
 * The environment variables of a program's flags. Called by `parse.ts`.
 */
import { findNearest } from './suggest.ts';
import type { OptionTable } from './table.ts';

/**
 * Variables that Kubernetes sets in every pod for a Service with the name of the program, as Docker did for links. None of
 * them is meant for a flag.
 */
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** `KATA_MONITOR_WEB_CONFIG_FILE` for `web.config.file`. */
export function variableName(prefix: string, flag: string): string {
  return `${prefix}_${flag.replace(/[-.]/g, '_').toUpperCase()}`;
}

/** Returns one line for each variable that has the prefix and matches no flag. */
export function findUnknownVariables(
  table: OptionTable,
  { prefix, variables }: { readonly prefix: string; readonly variables: Readonly<Record<string, string | undefined>> },
): string[] {
  const known = Object.keys(table).map((flag) => variableName(prefix, flag));
  return Object.keys(variables)
    .filter((name) => name.startsWith(`${prefix}_`) && !known.includes(name) && !serviceLink.test(name))
    .sort()
    .map((name) => {
      const near = findNearest(name, known);
      return `Variable ${name} is ignored: no such option${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}
