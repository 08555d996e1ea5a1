/**
 * The shims of a bench: one process that serves the same body on a socket for each sandbox.
 */
import { join } from 'node:path';
import { ProcessUnderTest } from './process-under-test.ts';

/** What a real Go shim has sent. */
export const bodyPath = join(import.meta.dirname, '../test/fixtures/bodies/go-shim.metrics.txt');

export interface ShimsOptions {
  /** File with the body. Default: `bodyPath`. */
  readonly body?: string;
  /** How many of them accept a connection and never respond. Default: 0. */
  readonly unresponsive?: number;
}

/** `root`: the sandboxes root, which it makes. */
export function startShims(
  root: string,
  sandboxes: number,
  { body = bodyPath, unresponsive = 0 }: ShimsOptions = {},
): Promise<ProcessUnderTest> {
  const args = [root, String(sandboxes), body, String(unresponsive)];
  return ProcessUnderTest.start(join(import.meta.dirname, 'shim-server.ts'), args);
}
