/**
 * The pages of the API under /api/v1, for the page, for `kata-metrics top` and for other programs. src/api has its objects.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { openApiDocument } from '../../../api/index.ts';
import { isSandboxId } from '../../../sandboxes/index.ts';
import { GZIP_LEVEL } from '../../answer/response-body.ts';
import { chooseEncoding } from '../accept.ts';
import {
  type ApiParts,
  type Page,
  PageError,
  type PageParts,
  type PageReply,
  type PageRequest,
  quoteValue,
  toProblem,
} from './page.ts';

const compress = promisify(gzip);

const SANDBOX_PREFIX = '/api/v1/sandboxes/';

type PartsOfApi = Pick<PageParts, 'api'>;

/** `P`: the parts that the page uses. Sends errors as objects too. */
export function apiPage<P = PartsOfApi>({ path, about, handle }: Pick<Page<P>, 'about' | 'handle' | 'path'>): Page<P> {
  return {
    path,
    about,
    needsSandbox: false,
    isAdmin: false,
    isForPeople: true,
    handle: async (request, parts) => {
      try {
        return await handle(request, parts);
      } catch (error) {
        if (error instanceof PageError) {
          return problemReply(error);
        }
        throw error;
      }
    },
  };
}

function problemReply({ status, message }: PageError): PageReply {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: Buffer.from(JSON.stringify(toProblem(status, message))),
  };
}

/** `value`: an object, or its JSON. */
export async function jsonReply(value: unknown, request: PageRequest, type = 'application/json'): Promise<PageReply> {
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const headers = { 'content-type': type, 'cache-control': 'no-store', vary: 'Accept-Encoding' };
  return chooseEncoding(request.header('accept-encoding')) === undefined
    ? { status: 200, headers, body }
    : {
        status: 200,
        headers: { ...headers, 'content-encoding': 'gzip' },
        body: await compress(body, { level: GZIP_LEVEL }),
      };
}

export const nodePage = apiPage({
  path: '/api/v1/node',
  about: 'The node and its monitor as JSON; /api/v1/openapi.json describes the API',
  handle: async (request, { api }) => {
    const timeoutMs = api.gate.enter(request);
    const { snapshot } = await api.reader.read({ timeoutMs, signal: request.signal });
    return jsonReply(snapshot.node, request);
  },
});

export const sandboxListPage = apiPage({
  path: '/api/v1/sandboxes',
  about: 'All sandboxes with their states and values as JSON',
  handle: async (request, { api }) => {
    const timeoutMs = api.gate.enter(request);
    const { snapshot } = await api.reader.read({ timeoutMs, signal: request.signal });
    return jsonReply(snapshot, request);
  },
});

export const sandboxPage = apiPage({
  path: `${SANDBOX_PREFIX}*`,
  about: 'One sandbox with its containers and metrics as JSON, by its id or the namespace/name of its pod',
  handle: async (request, { api }) => {
    const timeoutMs = api.gate.enter(request);
    const id = await findSandboxId(request, api);
    const details = { sandboxIds: [id], detailIds: new Set([id]) };
    const detail = (await api.reader.read({ timeoutMs, signal: request.signal, ...details })).details.get(id);
    if (detail === undefined) {
      throw new PageError(404, `No sandbox "${id}" ${api.place}`);
    }
    return jsonReply(detail, request);
  },
});

/** @throws {PageError} 400 and 404 */
async function findSandboxId(request: PageRequest, api: ApiParts): Promise<string> {
  const name = decode(request.path.slice(SANDBOX_PREFIX.length));
  const isPod = /^[^/]+\/[^/]+$/.test(name);
  if (!isPod && !isSandboxId(name)) {
    throw new PageError(
      400,
      `The path must end with the id of a sandbox or with the namespace/name of a pod, got ${quoteValue(name)}`,
    );
  }
  const id = await api.findSandboxId({ kind: isPod ? 'pod' : 'id', text: name }, request.signal);
  if (id === undefined) {
    throw new PageError(404, `No sandbox ${quoteValue(name)} ${api.place}`);
  }
  return id;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const streamPage = apiPage({
  path: '/api/v1/stream',
  about: 'The same as server-sent events, again and again; ?sandbox=<id> adds the details of a sandbox',
  handle: async (request, { api }) => {
    const [sandboxId, ...more] = request.query.getAll('sandbox').filter((id) => id !== '');
    if (more.length > 0 || (sandboxId !== undefined && !isSandboxId(sandboxId))) {
      const got = [sandboxId ?? '', ...more.slice(0, 1)].map(quoteValue).join(' and ');
      throw new PageError(400, `Parameter "sandbox" must be the id of one sandbox, got ${got}`);
    }
    api.streamGate.enter(request);
    const ending = new AbortController();
    // Also after the response to HEAD, which has no body.
    void request.finished.then(() => ending.abort());
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      body: api.stream.events({ lastEventId: request.header('last-event-id'), sandboxId, signal: ending.signal }),
    };
  },
});

/** The pages that every server has; the description has /events if it is served as well. */
export function apiPagesOf({ hasEvents }: { readonly hasEvents: boolean }): readonly Page<PartsOfApi>[] {
  const openApiPage = apiPage({
    path: '/api/v1/openapi.json',
    about: 'The description of the API, OpenAPI 3.1',
    handle: async (request, { api }) => jsonReply(openApiDocument(api.version, { hasEvents }), request),
  });
  return [nodePage, sandboxListPage, sandboxPage, streamPage, openApiPage];
}
