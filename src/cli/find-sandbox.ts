/**
 * Finds a sandbox by its id, its pod's namespace/name, or a prefix of either.
 */
import type { Sandbox } from '../sandboxes/index.ts';
import { CliError } from './cli-error.ts';
import { type NodePods, podPath } from './node-pods.ts';
import { describeUnreadable, type NodeSandboxes } from './node-sandboxes.ts';

/** A longer list of candidates would not help the reader. */
const MAX_LISTED = 20;

/** Whether the text is the name of a pod: it begins with a namespace's name (RFC 1123) and a slash, as no id does. */
export function isPodPath(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]*\//.test(text);
}

/**
 * The sandboxes whose id, or whose pod's path, begins with the text.
 * @throws {CliError} when none does
 */
export function findSandboxes(beginning: string, node: NodeSandboxes, pods: NodePods): readonly Sandbox[] {
  const nameOf = isPodPath(beginning) ? (id: string) => pathOf(id, pods) : (id: string) => id;
  const found = beginning === '' ? [] : node.sandboxes.filter(({ id }) => nameOf(id)?.startsWith(beginning));
  if (found.length === 0) {
    const { sandboxes, unreadable } = node;
    const reasons = [
      ...(sandboxes.length === 0 && unreadable.length > 0 ? [] : [describeCount(sandboxes.length)]),
      ...(unreadable.length > 0 ? [lowerFirst(describeUnreadable(unreadable))] : []),
      ...(isPodPath(beginning) && pods.problem !== undefined
        ? [`container manager gives no names: ${pods.problem}`]
        : []),
    ];
    throw new CliError(`No sandbox "${beginning}": ${reasons.join('; ')}`);
  }
  return found;
}

/**
 * The sandbox with this id or path, or the only one that begins with it.
 * @throws {CliError} that lists the candidates when there are several
 */
export function findSandbox(beginning: string, node: NodeSandboxes, pods: NodePods): Sandbox {
  const found = findSandboxes(beginning, node, pods);
  const exact = found.filter(({ id }) => id === beginning || pathOf(id, pods) === beginning);
  const candidates = exact.length === 1 ? exact : found;
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) {
    return only;
  }
  const listed = candidates.slice(0, MAX_LISTED).map(({ id }) => `  ${describe(id, pods)}\n`);
  const more = candidates.length > MAX_LISTED ? `  and ${candidates.length - MAX_LISTED} more\n` : '';
  throw new CliError(`${candidates.length} sandboxes begin with "${beginning}":\n${listed.join('')}${more}`.trimEnd());
}

/** Completes `No sandbox "x": ...`; `count`: the sandboxes of the node. */
export function describeCount(count: number): string {
  const others =
    count === 1 ? 'the only sandbox on this node is another one' : `it is not one of the ${count} on this node`;
  return count === 0 ? 'this node has no sandboxes' : others;
}

function pathOf(id: string, { pods }: NodePods): string | undefined {
  const pod = pods.get(id);
  return pod && podPath(pod);
}

function describe(id: string, pods: NodePods): string {
  const path = pathOf(id, pods);
  return path === undefined ? id : `${id} ${path}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
