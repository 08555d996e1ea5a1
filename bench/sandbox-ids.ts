/**
 * The sandboxes of a bench, in the order in which they are made.
 */
import { createHash } from 'node:crypto';

/** As container managers make them: 64 hex digits. */
export function makeSandboxIds(count: number): string[] {
  return Array.from({ length: count }, (_, i) => createHash('sha256').update(`sandbox ${i}`).digest('hex'));
}
