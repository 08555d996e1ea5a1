/**
 * `/sandboxes`: the ids of the sandboxes on this node, sorted.
 */
import { acceptsHtml } from '../accept.ts';
import { escapeHtml, htmlPage, link } from '../html.ts';
import { htmlReply, type Page, textReply } from './page.ts';

/** Texts of the links of each sandbox, by path. */
const linkTexts: Readonly<Record<string, string>> = {
  '/metrics': 'metrics',
  '/agent-url': 'agent',
  '/debug/vars': 'variables',
  '/debug/pprof/*': 'profiles',
};

/** Links only to the pages of one sandbox among `pages`: other pages may be on another address, or on none. */
export function sandboxesPageOf(pages: readonly Page[]): Page {
  const linked = pages.flatMap(({ path }) => {
    const text = linkTexts[path];
    return text === undefined ? [] : [{ href: path.replace('*', ''), text }];
  });
  const toItem = (id: string): string => {
    const links = linked.map(({ href, text }) => link(`${href}?sandbox=${encodeURIComponent(id)}`, text));
    return `<li>${escapeHtml(id)}: ${links.join(', ')}</li>`;
  };
  return {
    path: '/sandboxes',
    about: 'Ids of the sandboxes on this node, one per line',
    needsSandbox: false,
    isAdmin: false,
    handle: async (request, { discovery }) => {
      const ids = (await discovery.refresh(request.signal)).map((sandbox) => sandbox.id);
      return acceptsHtml(request.header('accept'))
        ? htmlReply(
            htmlPage('Sandboxes', ids.length === 0 ? '<p>None.</p>' : `<ul>\n${ids.map(toItem).join('\n')}\n</ul>`),
          )
        : textReply(ids.map((id) => `${id}\n`).join(''));
    },
  };
}
