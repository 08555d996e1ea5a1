/**
 * The version of this package, for `--version` and for what programs say of themselves.
 */
import { readFileSync } from 'node:fs';

/** Both `src/program` and the built `dist/program` lie two folders below package.json. */
export function readPackageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
