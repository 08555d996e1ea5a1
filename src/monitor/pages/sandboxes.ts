/**
 * `/sandboxes`: the ids of the sandboxes on this node, by id.
 */
import { acceptsHtml } from '../accept.ts';
import { escapeHtml, htmlPage, link } from '../html.ts';
import { htmlReply, type Page, textReply } from './page.ts';

export const sandboxesPage: Page = {
  path: '/sandboxes',
  about: 'Ids of the sandboxes on this node, one a line',
  needsSandbox: false,
  isAdmin: false,
  answer: async (request, { discovery }) => {
    const ids = (await discovery.refresh(request.signal)).map((sandbox) => sandbox.id);
    return acceptsHtml(request.header('accept'))
      ? htmlReply(
          htmlPage('Sandboxes', ids.length === 0 ? '<p>None.</p>' : `<ul>\n${ids.map(toItem).join('\n')}\n</ul>`),
        )
      : textReply(ids.map((id) => `${id}\n`).join(''));
  },
};

const sandboxLinks: readonly (readonly [path: string, text: string])[] = [
  ['/metrics', 'metrics'],
  ['/agent-url', 'agent'],
  ['/debug/vars', 'variables'],
  ['/debug/pprof/', 'profiles'],
];

function toItem(id: string): string {
  const links = sandboxLinks.map(([path, text]) => link(`${path}?sandbox=${encodeURIComponent(id)}`, text));
  return `<li>${escapeHtml(id)}: ${links.join(', ')}</li>`;
}
