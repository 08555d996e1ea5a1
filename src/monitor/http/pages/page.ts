/**
 * The interface of the pages: a request independent of the server, the parts that serve it, and the reply.
 */
import type { Readable } from 'node:stream';
import type { Problem } from '../../../api/index.ts';
import { type Discovery, isSandboxId, type Sandbox } from '../../../sandboxes/index.ts';
import type { ShimClient } from '../../../shim-client/index.ts';
import type { MetricsResponder, RespondsExporters } from '../../answer/metrics-responder.ts';
import type { OwnMetrics } from '../../answer/own-metrics.ts';
import type { ReadsNode, StreamsNode } from '../../api/read-node.ts';
import type { ServesEvents } from '../../events/serves-events.ts';

export interface PageRequest {
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The value of a header by its lower-case name. */
  header(name: string): string | undefined;
  /** The address of the client, as far as it is known: of a proxy, and of those that it says the request came from. */
  readonly from?: string;
  /** Whether only the headers of the response are requested. */
  readonly isHead?: boolean;
  /** Fires when the client has disconnected. */
  readonly signal: AbortSignal;
  /** Resolves when the reply has been sent, or can no longer be sent. */
  readonly finished: Promise<{ readonly isComplete: boolean }>;
  /** Closes the connection, even during the reply. */
  cutOff(): void;
}

export interface PageReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer> | Buffer | Readable | string;
}

/** Admits requests for metrics, and returns the milliseconds that each may take. */
export interface Gate {
  /** @throws {PageError} when the limit of concurrent requests is reached. */
  enter(request: PageRequest): number;
}

/** The parts that the pages use. */
export interface PageParts {
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  readonly responder: MetricsResponder;
  /** Undefined when no exporters in the guests are configured. */
  readonly exporters: Pick<RespondsExporters, 'respond'> | undefined;
  readonly ownMetrics: OwnMetrics;
  readonly scrapeGate: Gate;
  /** Limits for pages of the profiler of a shim, which may be large. */
  readonly profileGate: { enter(request: PageRequest): void };
  readonly api: ApiParts;
  readonly events: {
    /** Loads what serves events, when a client requests them for the first time. */
    open(): Promise<ServesEvents>;
    readonly gate: { enter(request: PageRequest): void };
  };
  readonly limits: { readonly shimTimeoutMs: number };
}

/** The parts that the pages of the API use. */
export interface ApiParts {
  /** Version of the package. */
  readonly version: string;
  readonly reader: ReadsNode;
  readonly stream: StreamsNode;
  /** Where the sandboxes are, for messages: `on this node`. */
  readonly place: string;
  /** The id of the sandbox that is there now; undefined if none is. */
  findSandboxId(name: SandboxName, signal: AbortSignal): Promise<string | undefined>;
  readonly gate: Gate;
  readonly streamGate: { enter(request: PageRequest): void };
}

/** An id, or the `namespace/name` of a pod. */
export interface SandboxName {
  readonly kind: 'id' | 'pod';
  readonly text: string;
}

/** `P`: the parts that it uses. */
export interface Page<P = PageParts> {
  /** A path; a trailing `*` matches every path below it. */
  readonly path: string;
  /** One phrase for the list of pages, without a full stop. */
  readonly about: string;
  readonly needsSandbox: boolean;
  /** Whether it exposes more of a sandbox than metrics, so that not every client that may read metrics may use it. */
  readonly isAdmin: boolean;
  /** Whether it is for people, and served where `--web.page` is on. */
  readonly isForPeople?: boolean;
  /** Whether it is served without password, client certificate and rate limit: it says nothing that these protect. */
  readonly isOpen?: boolean;
  handle(request: PageRequest, parts: P): Promise<PageReply>;
}

/** A request that is rejected; the message is sent to the client as text. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** `detail`: what happened, for people. */
export function toProblem(status: number, detail: string): Problem {
  return { title: process.getBuiltinModule('node:http').STATUS_CODES[status] ?? 'Error', status, detail };
}

/** Quotes a value of a request for a message: without line ends, truncated to 100 characters. */
export function quoteValue(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}...` : value);
}

/**
 * The sandbox that `?sandbox=` names, which is the only way to name one. The id is validated and looked up by discovery
 * before any file is opened.
 * @throws {PageError} 400 when there is not exactly one id, 404 when the sandbox is not on this node.
 */
export async function findSandbox(request: PageRequest, { discovery }: PageParts): Promise<Sandbox> {
  const [id, ...more] = readSandboxIds(request);
  if (id === undefined) {
    throw new PageError(400, 'Parameter "sandbox" is missing: give the id of a sandbox');
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
 * The ids that a request names, without duplicates.
 * @throws {PageError} 400 for an invalid id.
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

/** Content-Security-Policy of every response: our pages and those of the profiler of a shim need only inline styles. */
export const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
