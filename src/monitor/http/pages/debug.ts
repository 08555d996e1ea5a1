/**
 * `/debug/vars` and `/debug/pprof/` with `?sandbox=`: what a Go shim tells of itself where profiling is switched on. The
 * monitor has no profiler of its own; it passes questions and answers on.
 */
import { isShimPath } from '../../../shim-client/index.ts';
import { askShim, streamShim } from './ask-shim.ts';
import { findSandbox, type Page, PageError, type PageParts, type PageReply, type PageRequest } from './page.ts';

/** Profiles and traces of a busy shim are some megabytes. */
const maxProfileBytes = 32 * 1024 * 1024;
/** The list of profiles; Go's has 4 KB. */
const maxIndexBytes = 1024 * 1024;
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
  parts.profileGate.enter(request);
  const question = { path, timeoutMs, signal: request.signal };
  if (request.path !== '/debug/pprof/') {
    return streamShim(sandbox, { ...question, maxBytes: maxProfileBytes });
  }
  const index = await askShim(sandbox, { ...question, maxBytes: maxIndexBytes }, parts);
  const isHtml = index.headers['content-type']?.startsWith('text/html') === true;
  return isHtml ? { ...index, body: keepSandboxInLinks(index.body.toString('latin1'), sandbox.id) } : index;
}

function measuringMs({ path, query }: PageRequest): number {
  const seconds = Number(query.get('seconds') ?? defaultSeconds[path] ?? 0);
  if (!(seconds >= 0 && seconds <= maxProfileSeconds)) {
    throw new PageError(400, `Parameter "seconds" must be from 0 to ${maxProfileSeconds}`);
  }
  return seconds * 1000;
}

const linkStart = /\shref=(["'])/gi;
/** Of another site, of the root of this one, or of this page. */
const foreignLink = /^(?:[a-z]+:|\/\/|#)/i;

/** The index links to pages beside it; each link gets the sandbox. Latin 1 in and out, so that every byte stays as it was. */
export function keepSandboxInLinks(html: string, id: string): Buffer {
  let out = '';
  let done = 0;
  for (const match of html.matchAll(linkStart)) {
    const start = match.index + match[0].length;
    const end = html.indexOf(match[1]!, start);
    if (end === -1) {
      break;
    }
    if (start >= done) {
      out += html.slice(done, start) + withSandbox(html.slice(start, end), id);
      done = end;
    }
  }
  return Buffer.from(out + html.slice(done), 'latin1');
}

function withSandbox(link: string, id: string): string {
  if (foreignLink.test(link)) {
    return link;
  }
  const [beforeHash = '', hash] = splitAt(link, '#');
  const [page = '', query] = splitAt(beforeHash, '?');
  return `${page}?sandbox=${id}${query === undefined ? '' : `&amp;${query}`}${hash === undefined ? '' : `#${hash}`}`;
}

/** Before and after the first `mark`. */
function splitAt(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
