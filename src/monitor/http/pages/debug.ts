/**
 * `/debug/vars` and `/debug/pprof/` with `?sandbox=`: the profiler of a Go shim, if it is enabled. The monitor has no
 * profiler; it proxies the requests.
 */
import { isShimPath } from '../../../shim-client/index.ts';
import { findSandbox, type Page, PageError, type PageParts, type PageReply, type PageRequest } from './page.ts';
import { fetchShimPage, streamShimPage } from './shim-page.ts';

/** Profiles and traces of a busy shim have a few megabytes. */
const MAX_PROFILE_BYTES = 32 * 1024 * 1024;
/** Limit of the list of profiles; that of Go has 4 KB. */
const MAX_INDEX_BYTES = 1024 * 1024;
/** Limit of the duration of a profile, which the client chooses. */
const MAX_PROFILE_SECONDS = 300;
/** The defaults of Go's net/http/pprof for `?seconds=`. */
const defaultSeconds: Readonly<Record<string, number>> = { '/debug/pprof/profile': 30, '/debug/pprof/trace': 1 };

export const debugVarsPage: Page = {
  path: '/debug/vars',
  about: 'Exported variables of a Go shim',
  needsSandbox: true,
  isAdmin: true,
  handle: passOn,
};

export const profilePage: Page = {
  path: '/debug/pprof/*',
  about: 'Profiles of a Go shim',
  needsSandbox: true,
  isAdmin: true,
  handle: passOn,
};

async function passOn(request: PageRequest, parts: PageParts): Promise<PageReply> {
  const query = new URLSearchParams(request.query);
  query.delete('sandbox');
  const path = query.size === 0 ? request.path : `${request.path}?${query}`;
  if (!isShimPath(path)) {
    throw new PageError(400, 'Not a page or parameter of the profiler');
  }
  const timeoutMs = measuringMs(request) + parts.limits.shimTimeoutMs;
  const sandbox = await findSandbox(request, parts);
  parts.profileGate.enter(request);
  const shimRequest = { path, timeoutMs, signal: request.signal };
  if (request.path !== '/debug/pprof/') {
    return streamShimPage(sandbox, { ...shimRequest, maxBytes: MAX_PROFILE_BYTES });
  }
  const index = await fetchShimPage(sandbox, { ...shimRequest, maxBytes: MAX_INDEX_BYTES }, parts);
  const isHtml = index.headers['content-type']?.startsWith('text/html') === true;
  return isHtml ? { ...index, body: keepSandboxInLinks(index.body.toString('latin1'), sandbox.id) } : index;
}

function measuringMs({ path, query }: PageRequest): number {
  const seconds = Number(query.get('seconds') ?? defaultSeconds[path] ?? 0);
  if (!(seconds >= 0 && seconds <= MAX_PROFILE_SECONDS)) {
    throw new PageError(400, `Parameter "seconds" must be from 0 to ${MAX_PROFILE_SECONDS}`);
  }
  return seconds * 1000;
}

const linkStart = /\shref=(["'])/gi;
/** A link to another site, to the root of this site, or within the page. */
const foreignLink = /^(?:[a-z]+:|\/\/|#)/i;

/** Adds the sandbox to each relative link of the index. Decodes and encodes Latin 1, which preserves every byte. */
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

/** The parts before and after the first `mark`. */
function splitAt(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
