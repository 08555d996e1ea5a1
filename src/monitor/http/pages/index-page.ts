/**
 * `/`: for a browser the page that shows the sandboxes, for other clients the list of pages.
 */
import { acceptsHtml } from '../accept.ts';
import { escapeHtml, htmlPage, link } from '../html.ts';
import { htmlReply, type Page, textReply } from './page.ts';
import { findPageFile, toFileReply } from './page-files.ts';

/** `pages`: the list. `hasApp`: whether a browser gets the page that shows the sandboxes. */
export function indexPageOf(pages: readonly Page[], { hasApp }: { readonly hasApp: boolean }): Page {
  return {
    path: '/',
    about: 'This list',
    needsSandbox: false,
    isAdmin: false,
    handle: async (request) => {
      if (!acceptsHtml(request.header('accept'))) {
        return textReply(`Kata monitor\n\n${pages.map(toLine).join('')}`);
      }
      const app = hasApp ? await findPageFile('index.html') : undefined;
      return app === undefined
        ? htmlReply(htmlPage('Kata monitor', `<ul>\n${pages.map(toItem).join('\n')}\n</ul>`))
        : toFileReply(app, request);
    },
  };
}

function toItem({ path, about, needsSandbox }: Page): string {
  // A page that needs a sandbox is reached from the list of sandboxes.
  const href = path.replace('*', '');
  const isLink = !needsSandbox && !path.endsWith('*');
  return `<li>${isLink ? link(href, href) : escapeHtml(toExample(path, needsSandbox))}: ${escapeHtml(about)}</li>`;
}

function toLine({ path, about, needsSandbox }: Page): string {
  return `${toExample(path, needsSandbox)}\n    ${about}\n`;
}

function toExample(path: string, needsSandbox: boolean): string {
  return needsSandbox ? `${path.replace('*', '')}?sandbox=<id>` : path.replace('*', '<id>');
}
