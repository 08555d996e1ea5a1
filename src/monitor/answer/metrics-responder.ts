/**
 * The interface between the route of /metrics and the scrape: the route parses the request, the responder generates the
 * response.
 */
import type { Readable } from 'node:stream';
import type { CatalogFamily } from '../../collectors/index.ts';
import type { MergePlan, MergeRefusal, MergeSource } from '../../exposition/index.ts';

/** The Content-Encodings that the monitor can apply, the preferred one first. `response-body.ts` has the encoders. */
export const contentEncodings = ['gzip'] as const;

export type ContentEncoding = (typeof contentEncodings)[number];

export interface MetricsRequest {
  /** Only the families of this sandbox, as exported by its shim. Discovery knows the id. */
  readonly sandbox?: string;
  /** Only the families of these sandboxes, relabelled as in the response of the node, without own families. At least two. */
  readonly sandboxes?: readonly string[];
  /** Only families whose final name has one of these prefixes, without own families. Never empty. */
  readonly filterFamilies?: readonly string[];
  /** Only families whose final name has one of these prefixes, including own families. Never empty. */
  readonly collectFamilies?: readonly string[];
  /** No families whose final name has one of these prefixes, own families included. Never empty; excludes `collectFamilies`. */
  readonly excludeFamilies?: readonly string[];
  /** The Accept header. */
  readonly accept: string | undefined;
  /** How the response is compressed; undefined: not at all. */
  readonly encoding: ContentEncoding | undefined;
  /** Milliseconds until the last byte of the response should be generated. */
  readonly timeoutMs: number;
  /** Fires when the client has disconnected. */
  readonly signal: AbortSignal;
  /** Who reads the final values of ended sandboxes; undefined for a client that is no scraper. */
  readonly scraper?: ScrapeReader;
}

export interface ScrapeReader {
  /** The same for each scrape of one client. */
  readonly key: string;
  /** Resolves when the response has been sent, or can no longer be sent. */
  readonly finished: Promise<{ readonly isComplete: boolean }>;
}

export interface MetricsResponse {
  readonly status: number;
  /** Headers by lower-case name: the content type, and the encoding, if any. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer> | Buffer | Readable;
}

/** A request about all sandboxes that selects nothing. */
export type NodeRequest = Pick<MetricsRequest, 'accept' | 'encoding' | 'signal' | 'timeoutMs'>;

/** A request for everything of the node, in no exposition format. */
export type PlanRequest = Pick<MetricsRequest, 'scraper' | 'signal' | 'timeoutMs'>;

export interface PlannedNode {
  /** Families and samples of the response. */
  readonly plan: MergePlan;
  /** Called once, when the plan is no longer read. */
  release(): void;
}

/** Provides the content of a response for writers of other formats. */
export interface PlansNode {
  readPlan(request: PlanRequest): Promise<PlannedNode>;
}

export interface MetricsResponder {
  respond(request: MetricsRequest): Promise<MetricsResponse>;
  respondContainers(request: NodeRequest): Promise<MetricsResponse>;
}

/** The metrics of exporters in the guests. */
export interface CollectedExporters {
  readonly sources: readonly MergeSource[];
  /** The families about the scrape of each exporter, by what the merge of the sources has refused. */
  describe(refusals: readonly MergeRefusal[]): readonly CatalogFamily[];
  /** Called once, when the response has been sent. */
  release(): void;
}

export interface RespondsExporters {
  /** All of them. */
  respond(request: NodeRequest): Promise<MetricsResponse>;
  /** @throws the signal's reason */
  collect(request: Pick<NodeRequest, 'signal' | 'timeoutMs'>): Promise<CollectedExporters>;
}

/** A response that is only a message for users. */
export function refuse(status: number, message: string): MetricsResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, body: Buffer.from(`${message}\n`) };
}
