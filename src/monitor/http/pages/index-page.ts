/**
 * `/`: the list of pages.
 */
import { acceptsHtml } from '../accept.ts';
import { escapeHtml, htmlPage, link } from '../html.ts';
import { htmlReply, type Page, textReply } from './page.ts';

/** The list of `pages`, as HTML or as text. */
export function indexPageOf(pages: readonly Page[]): Page {
  return {
    path: '/',
    about: 'This list',
    needsSandbox: false,
    isAdmin: false,
    handle: async (request) =>
      acceptsHtml(request.header('accept'))
        ? htmlReply(htmlPage('Kata monitor', `<ul>\n${pages.map(toItem).join('\n')}\n</ul>`))
        : textReply(`Kata monitor\n\n${pages.map(toLine).join('')}`),
  };
}

function toItem({ path, about, needsSandbox }: Page): string {
  // A page that needs a sandbox is reached from the list of sandboxes.
  const href = path.replace('*', '');
  return `<li>${needsSandbox ? escapeHtml(`${href}?sandbox=<id>`) : link(href, href)}: ${escapeHtml(about)}</li>`;
}

function toLine({ path, about, needsSandbox }: Page): string {
  return `${path.replace('*', '')}${needsSandbox ? '?sandbox=<id>' : ''}\n    ${about}\n`;
}
