/**
 * From `?sandbox=` to a sandbox that is there: the only way by which a request can name one. The id is checked and looked
 * for before anything is opened.
 */
import type { Sandbox } from '../../../sandboxes/index.ts';
import { isSandboxId } from '../../../sandboxes/index.ts';
import { PageError, type PageParts, type PageRequest, quoteValue } from './page.ts';

/** @throws {PageError} 400 when there is not exactly one id, 404 when no such sandbox is on this node. */
export async function findSandbox(request: PageRequest, { discovery }: PageParts): Promise<Sandbox> {
  const [id, ...more] = readSandboxIds(request);
  if (id === undefined) {
    throw new PageError(400, 'Parameter "sandbox" is missing: the id of a sandbox');
  }
  if (more.length > 0) {
    throw new PageError(400, `Parameter "sandbox" may be given once, got "${id}" and "${more[0]}"`);
  }
  await discovery.refresh(request.signal);
  const sandbox = discovery.find(id);
  if (sandbox === undefined) {
    throw new PageError(404, `No sandbox "${id}" on this node`);
  }
  return sandbox;
}

/**
 * The ids that a request names, each once.
 * @throws {PageError} 400 for one that is none.
 */
export function readSandboxIds({ query }: PageRequest): string[] {
  const ids = [...new Set(query.getAll('sandbox'))].filter((value) => value !== '');
  const wrong = ids.find((id) => !isSandboxId(id));
  if (wrong !== undefined) {
    throw new PageError(
      400,
      `Parameter "sandbox" is not the id of a sandbox (letters, digits, ".", "_" and "-", at most 128), got ${quoteValue(wrong)}`,
    );
  }
  return ids;
}
