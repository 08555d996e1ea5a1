/**
 * Which page serves a path. A page has a fixed path, or all paths below one that ends with `*`. Pure; called by the server.
 */
import { posix } from 'node:path';
import type { Page } from './pages/page.ts';

/** The target of a request in absolute form, which a proxy sends: RFC 9112, section 3.2.2. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]*/i;

export interface Target {
  /** Path of the request as the client sent it, with escapes. */
  readonly path: string;
  /** Without the question mark; undefined when there is none. */
  readonly query: string | undefined;
}

/** The target of a request line. */
export function readTarget(url: string): Target {
  const target = url.replace(ABSOLUTE_FORM, '');
  const start = target.indexOf('?');
  return start === -1
    ? { path: target, query: undefined }
    : { path: target.slice(0, start), query: target.slice(start + 1) };
}

/** The path without escapes, except those of characters that separate parts of a URL; undefined when one is malformed. */
export function decodePath(path: string): string | undefined {
  try {
    return path.includes('%') ? decodeURI(path) : path;
  } catch {
    return undefined;
  }
}

export class Router<P> {
  readonly #fixed: ReadonlyMap<string, Page<P>>;
  readonly #below: readonly { readonly prefix: string; readonly page: Page<P> }[];

  /** The pages. The first one with a path serves it. */
  constructor(pages: readonly Page<P>[]) {
    const fixed = new Map<string, Page<P>>();
    for (const page of pages) {
      if (!fixed.has(page.path)) {
        fixed.set(page.path, page);
      }
    }
    this.#fixed = fixed;
    this.#below = pages
      .filter(({ path }) => path.endsWith('*'))
      .map((page) => ({ prefix: page.path.slice(0, -1), page }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** `path`: decoded. */
  find(path: string): Page<P> | undefined {
    return this.#fixed.get(path) ?? this.#below.find(({ prefix }) => path.startsWith(prefix))?.page;
  }

  /**
   * The location of a redirect from `//metrics`, `/./metrics` or `/debug/pprof` to the page, as of Go's ServeMux. Only to a
   * path of a page, so that no request can cause a redirect elsewhere.
   */
  findRedirect({ path, query }: Target): string | undefined {
    const clean = posix.normalize(path);
    const target = [clean, `${clean}/`].find(
      (candidate) =>
        candidate !== path && (this.#fixed.has(candidate) || this.#below.some(({ prefix }) => candidate === prefix)),
    );
    return target === undefined || query === undefined ? target : `${target}?${query}`;
  }
}
