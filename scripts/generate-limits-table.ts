/**
 * Writes the table of a sandbox's limits in docs/profiles.md from the catalog. With `--check` it only reports whether the
 * table is up to date.
 */
import { sandboxLimits } from '../src/catalog/sandbox-limits.ts';
import { writeGeneratedPart } from './generated-files.ts';

const rows = Object.entries(sandboxLimits).map(
  ([flag, { reason, lost }]) => `| \`--${flag}\` | \`${reason}\` | ${lost} |`,
);

writeGeneratedPart(
  'docs/profiles.md',
  'src/catalog/sandbox-limits.ts',
  ['| flag | reason | what is lost |', '|---|---|---|', ...rows].join('\n'),
);
