/**
 * The files of the page that shows the sandboxes: built from web/ by scripts/build-page.ts, and read once.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { acceptsHtml, chooseEncoding } from '../accept.ts';
import { type Page, PageError, type PageReply, type PageRequest, textReply } from './page.ts';

/** Candidate directories: in the package and the image, and in the repository, where the programs run from source. */
const folders: readonly URL[] = ['../page/', '../../../../build/page/'].map((path) => new URL(path, import.meta.url));

const contentTypes = {
  'app.css': 'text/css; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
  'index.html': 'text/html; charset=utf-8',
  'licenses.txt': 'text/plain; charset=utf-8',
} as const;

export type PageFileName = keyof typeof contentTypes;

/** Nothing from elsewhere, and no inline script or style. */
const APP_POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

interface PageFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly compressed: Buffer;
}

const files = new Map<PageFileName, Promise<PageFile | undefined>>();

/** Undefined when the page is not built. */
export function findPageFile(name: PageFileName): Promise<PageFile | undefined> {
  const known = files.get(name) ?? readPageFile(name);
  files.set(name, known);
  return known;
}

async function readPageFile(name: PageFileName): Promise<PageFile | undefined> {
  for (const folder of folders) {
    const bytes = await process
      .getBuiltinModule('node:fs/promises')
      .readFile(new URL(name, folder))
      .catch(() => undefined);
    if (bytes !== undefined) {
      const { createHash } = process.getBuiltinModule('node:crypto');
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
      return { contentType: contentTypes[name], etag, bytes, compressed: await promisify(gzip)(bytes, { level: 9 }) };
    }
  }
  // It may be built later.
  files.delete(name);
  return undefined;
}

/** The browser checks each time whether its copy is current, so that it never shows the page of another version. */
export function toFileReply({ contentType, etag, bytes, compressed }: PageFile, request: PageRequest): PageReply {
  const headers = {
    'content-type': contentType,
    'content-security-policy': APP_POLICY,
    'cache-control': 'no-cache',
    'referrer-policy': 'no-referrer',
    etag,
    vary: 'Accept, Accept-Encoding',
  };
  if (isCurrent(request.header('if-none-match'), etag)) {
    return { status: 304, headers, body: '' };
  }
  return chooseEncoding(request.header('accept-encoding')) === undefined
    ? { status: 200, headers, body: bytes }
    : { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: compressed };
}

/** A proxy that compresses makes the tag a weak one: RFC 9110, section 13.1.2. */
function isCurrent(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags[0] === '*';
}

const PREFIX = '/page/';

/** Candidate directories: in the repository, and in the package and the image. */
const runbookFolders: readonly URL[] = ['../../../../docs/runbooks/', '../../docs/runbooks/'].map(
  (path) => new URL(path, import.meta.url),
);
const runbookName = /^runbooks\/(kata[a-z]{1,60}\.md)$/;

/** Serves Markdown as text, which every browser shows. */
async function findRunbook(path: string): Promise<PageReply | undefined> {
  const name = runbookName.exec(path)?.[1];
  for (const folder of name === undefined ? [] : runbookFolders) {
    const text = await process
      .getBuiltinModule('node:fs/promises')
      .readFile(new URL(name!, folder), 'utf8')
      .catch(() => undefined);
    if (text !== undefined) {
      return textReply(text);
    }
  }
  return undefined;
}

export const pageFilesPage: Page<unknown> = {
  path: `${PREFIX}*`,
  about: 'The files of the page',
  needsSandbox: false,
  isAdmin: false,
  isForPeople: true,
  handle: async (request) => {
    const name = request.path.slice(PREFIX.length);
    const runbook = await findRunbook(name);
    if (runbook !== undefined) {
      return runbook;
    }
    const file = isPageFileName(name) ? await findPageFile(name) : undefined;
    if (file === undefined) {
      const hint = acceptsHtml(request.header('accept')) ? ' / shows the sandboxes' : '';
      throw new PageError(404, `No such file.${hint}`);
    }
    return toFileReply(file, request);
  },
};

function isPageFileName(name: string): name is PageFileName {
  return Object.hasOwn(contentTypes, name);
}
