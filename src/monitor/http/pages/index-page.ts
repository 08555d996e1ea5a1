/**
 * `/`: for a browser the page that shows the sandboxes, for other clients the list of pages.
 */
import { acceptsHtml } from '../accept.ts';
import { escapeHtml, htmlPage, link } from '../html.ts';
import { htmlReply, type Page, textReply } from './page.ts';
import { findPageFile, toFileReply } from './page-files.ts';

export interface IndexOptions {
  /** Whether a browser gets the page that shows the sandboxes. */
  readonly hasApp: boolean;
  readonly title?: string;
}

type Listed = Pick<Page, 'about' | 'needsSandbox' | 'path'>;

/** `pages`: the list. */
export function indexPageOf(pages: readonly Listed[], { hasApp, title = 'Kata monitor' }: IndexOptions): Page<unknown> {
  return {
    path: '/',
    about: 'This list',
    needsSandbox: false,
    isAdmin: false,
    handle: async (request) => {
      if (!acceptsHtml(request.header('accept'))) {
        return textReply(`${title}\n\n${pages.map(toLine).join('')}`);
      }
      const app = hasApp ? await findPageFile('index.html') : undefined;
      return app === undefined
        ? htmlReply(htmlPage(title, `<ul>\n${pages.map(toItem).join('\n')}\n</ul>`))
        : toFileReply(app, request);
    },
  };
}

function toItem({ path, about, needsSandbox }: Listed): string {
  // A page that needs a sandbox is reached from the list of sandboxes.
  const href = path.replace('*', '');
  const isLink = !needsSandbox && !path.endsWith('*');
  return `<li>${isLink ? link(href, href) : escapeHtml(toExample(path, needsSandbox))}: ${escapeHtml(about)}</li>`;
}

function toLine({ path, about, needsSandbox }: Listed): string {
  return `${toExample(path, needsSandbox)}\n    ${about}\n`;
}

function toExample(path: string, needsSandbox: boolean): string {
  return needsSandbox ? `${path.replace('*', '')}?sandbox=<id>` : path.replace('*', '<id>');
}
