/**
 * What every page of the monitor is made of: a request without its server, the parts that answer it, and the reply.
 */

import type { Readable } from 'node:stream';
import { type Discovery, isSandboxId, type Sandbox } from '../../../sandboxes/index.ts';
import type { ShimClient } from '../../../shim-client/index.ts';
import type { MetricsAnswerer } from '../../answer/answerer.ts';
import type { OwnMetrics } from '../../answer/own-metrics.ts';

export interface PageRequest {
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** A header's value by its lower-case name. */
  header(name: string): string | undefined;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
  /** Resolves when the reply has gone out, or cannot any more. */
  readonly finished: Promise<{ readonly isComplete: boolean }>;
  /** Ends the connection, wherever the reply is. */
  cutOff(): void;
}

export interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer> | Buffer | Readable | string;
}

/** Lets requests for figures in, and gives the milliseconds that each may take. */
export interface Gate {
  /** @throws {PageError} when too many are under way. */
  enter(request: PageRequest): number;
}

/** What the pages are answered from. */
export interface PageParts {
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  readonly answerer: MetricsAnswerer;
  readonly ownMetrics: OwnMetrics;
  readonly scrapeGate: Gate;
  /** For pages of a shim's profiler, which may be large. */
  readonly profileGate: { enter(request: PageRequest): void };
  readonly bounds: { readonly shimTimeoutMs: number };
}

export interface Page {
  /** A path, or with `*` at its end everything below it. */
  readonly path: string;
  /** One sentence for the list of endpoints, without a full stop. */
  readonly about: string;
  readonly needsSandbox: boolean;
  /** Whether it asks a sandbox for more than figures, so that it is not for everybody who may read metrics. */
  readonly isAdmin: boolean;
  /** Whether it is served without password, client certificate and rate limit: it says nothing that these protect. */
  readonly isOpen?: boolean;
  answer(request: PageRequest, parts: PageParts): Promise<PageReply>;
}

/** A request that cannot be answered; the message goes to the client as text. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A value of a request in a message: no line ends, and no more of it than shows what is meant. */
export function quoteValue(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value);
}

/**
 * The sandbox that `?sandbox=` names: the only way by which a request can name one. The id is checked, and discovery looks
 * for it, before anything is opened.
 * @throws {PageError} 400 when there is not exactly one id, 404 when no such sandbox is on this node.
 */
export async function findSandbox(request: PageRequest, { discovery }: PageParts): Promise<Sandbox> {
  const [id, ...more] = readSandboxIds(request);
  if (id === undefined) {
    throw new PageError(400, 'Parameter "sandbox" is missing: the id of a sandbox');
  }
  if (more.length > 0) {
    throw new PageError(400, `Parameter "sandbox" may be given once, got "${id}" and "${more[0]}"`);
  }
  await discovery.refresh(request.signal);
  const sandbox = discovery.find(id);
  if (sandbox === undefined) {
    throw new PageError(404, `No sandbox "${id}" on this node`);
  }
  return sandbox;
}

/**
 * The ids that a request names, each once.
 * @throws {PageError} 400 for one that is none.
 */
export function readSandboxIds({ query }: PageRequest): string[] {
  const ids = [...new Set(query.getAll('sandbox'))].filter((value) => value !== '');
  const wrong = ids.find((id) => !isSandboxId(id));
  if (wrong !== undefined) {
    throw new PageError(
      400,
      `Parameter "sandbox" is not the id of a sandbox (letters, digits, ".", "_" and "-", at most 128), got ${quoteValue(wrong)}`,
    );
  }
  return ids;
}

export function textReply(body: string, status = 200): PageReply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

export function htmlReply(body: string): PageReply {
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

/** Of every answer: our pages, and those of a shim's profiler, need their own style and nothing else. */
export const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
