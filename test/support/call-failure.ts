/**
 * For tests of calls that must fail: their error as a value.
 */
import { expect } from 'vitest';
import type { TtrpcError } from '../../src/ttrpc/index.ts';

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<TtrpcError> {
  return await call.then(
    () => expect.fail('The call did not fail'),
    (error: TtrpcError) => error,
  );
}
