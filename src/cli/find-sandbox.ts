/**
 * From what a person types to one sandbox.
 */
import type { Sandbox } from '../monitor/index.ts';
import { CliError } from './cli-error.ts';
import type { NodeSandboxes } from './node-sandboxes.ts';

/** More candidates than this help nobody. */
const MAX_LISTED = 20;

/**
 * The sandbox with this id, or the only one whose id begins like this.
 * @throws {CliError} that lists the candidates when there are several
 */
export function findSandbox(beginning: string, { sandboxes, unreadable }: NodeSandboxes): Sandbox {
  const exact = sandboxes.find(({ id }) => id === beginning);
  if (exact !== undefined) {
    return exact;
  }
  const candidates = beginning === '' ? [] : sandboxes.filter(({ id }) => id.startsWith(beginning));
  const [only] = candidates;
  if (only === undefined) {
    const unseen = unreadable.map(({ root, code }) => `; cannot read "${root}": ${code}`).join('');
    throw new CliError(`No sandbox "${beginning}" among the ${sandboxes.length} on this node${unseen}`);
  }
  if (candidates.length > 1) {
    const listed = candidates.slice(0, MAX_LISTED).map(({ id }) => `  ${id}\n`);
    const more = candidates.length > MAX_LISTED ? `  and ${candidates.length - MAX_LISTED} more\n` : '';
    throw new CliError(
      `${candidates.length} sandboxes begin with "${beginning}":\n${listed.join('')}${more}`.trimEnd(),
    );
  }
  return only;
}
