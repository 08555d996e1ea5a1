/**
 * Parses the query of /metrics. Unknown parameters are ignored, as in every exporter: Prometheus sends those of its
 * configuration.
 */
import { isFamilyPrefix } from '../../../sandbox-policy/index.ts';
import type { MetricsRequest } from '../../answer/metrics-responder.ts';
import { findSandbox, PageError, type PageParts, type PageRequest, quoteValue, readSandboxIds } from './page.ts';

type Requested = Pick<
  MetricsRequest,
  'collectFamilies' | 'excludeFamilies' | 'filterFamilies' | 'sandbox' | 'sandboxes'
>;

/**
 * @throws {PageError} 400 for an invalid value, naming it; 404 when none of the sandboxes is on this node.
 */
export async function readMetricsQuery(request: PageRequest, parts: PageParts): Promise<Requested> {
  const { query } = request;
  const collectFamilies = readPrefixes(query, 'collect[]');
  const excludeFamilies = readPrefixes(query, 'exclude[]');
  if (collectFamilies.length > 0 && excludeFamilies.length > 0) {
    throw new PageError(
      400,
      `Parameters "collect[]" and "exclude[]" are mutually exclusive, got "${collectFamilies[0]}" and "${excludeFamilies[0]}"`,
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

/** Each parameter has one prefix: `collect[]=kata_guest_&collect[]=kata_sandbox_`. */
function readPrefixes(query: URLSearchParams, parameter: string): string[] {
  const prefixes = [...new Set(query.getAll(parameter))];
  const wrong = prefixes.find((prefix) => !isFamilyPrefix(prefix));
  if (wrong !== undefined) {
    throw new PageError(400, `Parameter "${parameter}" must be a prefix of a family name, got ${quoteValue(wrong)}`);
  }
  return prefixes;
}

/**
 * `?filter_family=a,b`, as in the Go monitor: an empty value is no filter, and an empty prefix among others, as in `a,`,
 * matches every family of a sandbox.
 */
function readFilter(query: URLSearchParams): string[] {
  const values = query.getAll('filter_family').filter((value) => value !== '');
  return [...new Set(values.flatMap((value) => value.split(',')))];
}

/**
 * One id selects the response of its shim, several ids select a part of the response of the node. Sandboxes come and go while
 * a client lists them, so unknown ids among several are ignored: `kata_sandbox_up` shows which are present.
 */
async function readSandboxes(
  request: PageRequest,
  parts: PageParts,
): Promise<Pick<Requested, 'sandbox' | 'sandboxes'>> {
  const ids = readSandboxIds(request);
  if (ids.length === 0) {
    return {};
  }
  if (ids.length === 1) {
    return { sandbox: (await findSandbox(request, parts)).id };
  }
  await parts.discovery.refresh(request.signal);
  if (ids.every((id) => parts.discovery.find(id) === undefined)) {
    throw new PageError(404, `None of these sandboxes is on this node: ${ids.map((id) => `"${id}"`).join(', ')}`);
  }
  return { sandboxes: ids };
}
