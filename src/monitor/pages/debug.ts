/**
 * `/debug/vars` and `/debug/pprof/` with `?sandbox=`: what a Go shim tells of itself where profiling is switched on. The
 * monitor has no profiler of its own; it passes questions and answers on.
 */
import { isShimPath } from '../../shim-client/index.ts';
import { askShim } from './ask-shim.ts';
import { findSandbox } from './find-sandbox.ts';
import { type Page, PageError, type PageParts, type PageReply, type PageRequest } from './page.ts';

/** Profiles and traces of a busy shim are some megabytes. */
const maxProfileBytes = 32 * 1024 * 1024;
/** The longest profile that is passed on; the shim measures for as long as it is asked to. */
const maxProfileSeconds = 300;
/** What Go's net/http/pprof does without `?seconds=`. */
const defaultSeconds: Readonly<Record<string, number>> = { '/debug/pprof/profile': 30, '/debug/pprof/trace': 1 };

export const debugVarsPage: Page = {
  path: '/debug/vars',
  about: "A Go shim's exported variables",
  needsSandbox: true,
  isAdmin: true,
  answer: passOn,
};

export const profilePage: Page = {
  path: '/debug/pprof/*',
  about: "A Go shim's profiles",
  needsSandbox: true,
  isAdmin: true,
  answer: passOn,
};

async function passOn(request: PageRequest, parts: PageParts): Promise<PageReply> {
  const query = new URLSearchParams(request.query);
  query.delete('sandbox');
  const path = query.size === 0 ? request.path : `${request.path}?${query}`;
  if (!isShimPath(path)) {
    throw new PageError(400, 'Not a page or a parameter of the profiler');
  }
  const timeoutMs = measuringMs(request) + parts.bounds.shimTimeoutMs;
  const sandbox = await findSandbox(request, parts);
  const page = await askShim(sandbox, { path, timeoutMs, maxBytes: maxProfileBytes, signal: request.signal }, parts);
  const isIndex = request.path === '/debug/pprof/' && page.headers['content-type']?.startsWith('text/html') === true;
  return isIndex ? { ...page, body: keepSandboxInLinks(page.body.toString('latin1'), sandbox.id) } : page;
}

function measuringMs({ path, query }: PageRequest): number {
  const seconds = Number(query.get('seconds') ?? defaultSeconds[path] ?? 0);
  if (!(seconds >= 0 && seconds <= maxProfileSeconds)) {
    throw new PageError(400, `Parameter "seconds" must be from 0 to ${maxProfileSeconds}`);
  }
  return seconds * 1000;
}

/** The index links to pages beside it; each link gets the sandbox. Latin 1 in and out, so that every byte stays as it was. */
export function keepSandboxInLinks(html: string, id: string): Buffer {
  const withSandbox = html.replace(
    /(\shref=)(["'])(?![a-z]+:|\/\/|#)([^"'?#]*)(?:\?([^"'#]*))?(#[^"']*)?\2/gi,
    (_whole, attribute: string, quote: string, page: string, query: string | undefined, hash: string | undefined) =>
      `${attribute}${quote}${page}?sandbox=${id}${query === undefined ? '' : `&amp;${query}`}${hash ?? ''}${quote}`,
  );
  return Buffer.from(withSandbox, 'latin1');
}
