/**
 * Takes out of the catalog what only documents are made from, when programs are bundled: what the values of a family mean and where
 * they come from. Each program has the catalog in memory, once for each sandbox.
 */
import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

const CATALOG = /\/src\/catalog\/[\w-]+\.ts$/;
const DESCRIPTIONS: ReadonlySet<string> = new Set(['value', 'source', 'isContract']);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export function dropDescriptions(): Plugin {
  return {
    name: 'drop-descriptions',
    transform: { filter: { id: CATALOG }, handler: (code) => ({ code: withoutDescriptions(code), map: null }) },
  };
}

/** The source of a module of the catalog without these properties of its rows. */
export function withoutDescriptions(code: string): string {
  let result = '';
  let at = 0;
  for (const { start, end } of findDescriptions(parseAst(code, { lang: 'ts' }))) {
    result += code.slice(at, start);
    // A property ends with a comma where another one follows.
    at = /^\s*,/.test(code.slice(end)) ? code.indexOf(',', end) + 1 : end;
  }
  return result + code.slice(at);
}

/** In the order of the source. */
function findDescriptions(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null || ('type' in node && node.type === 'ObjectPattern')) {
    return [];
  }
  if (isDescription(node)) {
    return [node];
  }
  return Object.values(node).flatMap(findDescriptions);
}

function isDescription(node: object): node is Node {
  const { type, key, method, shorthand } = node as {
    readonly type?: string;
    readonly key?: { readonly name?: string };
    readonly method?: boolean;
    readonly shorthand?: boolean;
  };
  return type === 'Property' && !method && !shorthand && DESCRIPTIONS.has(key?.name ?? '');
}
