/**
 * What the query of /metrics asks for. Parameters that it does not know mean nothing, as in every exporter: Prometheus adds
 * what its configuration says.
 */
import { isFamilyPrefix } from '../../../sandbox-policy/index.ts';
import type { MetricsQuestion } from '../../answer/answerer.ts';
import { findSandbox, PageError, type PageParts, type PageRequest, quoteValue, readSandboxIds } from './page.ts';

type Asked = Pick<MetricsQuestion, 'collectFamilies' | 'excludeFamilies' | 'filterFamilies' | 'sandbox' | 'sandboxes'>;

/**
 * @throws {PageError} 400 for a value that cannot be meant, naming it; 404 when none of the sandboxes is on this node.
 */
export async function readMetricsQuery(request: PageRequest, parts: PageParts): Promise<Asked> {
  const { query } = request;
  const collectFamilies = readPrefixes(query, 'collect[]');
  const excludeFamilies = readPrefixes(query, 'exclude[]');
  if (collectFamilies.length > 0 && excludeFamilies.length > 0) {
    throw new PageError(
      400,
      `Parameters "collect[]" and "exclude[]" cannot be given together, got "${collectFamilies[0]}" and "${excludeFamilies[0]}"`,
    );
  }
  const filterFamilies = readFilter(query);
  return {
    ...(collectFamilies.length > 0 ? { collectFamilies } : {}),
    ...(excludeFamilies.length > 0 ? { excludeFamilies } : {}),
    ...(filterFamilies.length > 0 ? { filterFamilies } : {}),
    ...(await readSandboxes(request, parts)),
  };
}

/** One prefix in each: `collect[]=kata_guest_&collect[]=kata_sandbox_`. */
function readPrefixes(query: URLSearchParams, parameter: string): string[] {
  const prefixes = [...new Set(query.getAll(parameter))];
  const wrong = prefixes.find((prefix) => !isFamilyPrefix(prefix));
  if (wrong !== undefined) {
    throw new PageError(
      400,
      `Parameter "${parameter}" must be the beginning of a family name, got ${quoteValue(wrong)}`,
    );
  }
  return prefixes;
}

/**
 * `?filter_family=a,b`, as the Go monitor reads it: an empty value is no filter, and an empty prefix beside others, as in
 * `a,`, is the prefix of every family of a sandbox.
 */
function readFilter(query: URLSearchParams): string[] {
  const values = query.getAll('filter_family').filter((value) => value !== '');
  return [...new Set(values.flatMap((value) => value.split(',')))];
}

/**
 * One id asks for what its shim says, several for a part of the node's answer. Sandboxes come and go while a list of them
 * is made, so that of several only those are answered that are there: `kata_sandbox_up` tells which.
 */
async function readSandboxes(request: PageRequest, parts: PageParts): Promise<Pick<Asked, 'sandbox' | 'sandboxes'>> {
  const ids = readSandboxIds(request);
  if (ids.length === 0) {
    return {};
  }
  if (ids.length === 1) {
    return { sandbox: (await findSandbox(request, parts)).id };
  }
  await parts.discovery.refresh(request.signal);
  if (ids.every((id) => parts.discovery.find(id) === undefined)) {
    throw new PageError(404, `No sandbox of these is on this node: ${ids.map((id) => `"${id}"`).join(', ')}`);
  }
  return { sandboxes: ids };
}
