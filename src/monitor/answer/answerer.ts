/**
 * What stands between the route of /metrics and the scrape: the route reads the request, the answerer makes the answer.
 */
import type { Readable } from 'node:stream';

export interface MetricsQuestion {
  /** Only this sandbox's families, as its shim gave them; the id is known to discovery. */
  readonly sandbox?: string;
  /** Only these sandboxes' families, relabelled as those of the node; own families are left out. More than one. */
  readonly sandboxes?: readonly string[];
  /** Only families whose final name starts with one of these; own families are left out. Never empty. */
  readonly filterFamilies?: readonly string[];
  /** Only families whose final name starts with one of these, own ones too. Never empty. */
  readonly collectFamilies?: readonly string[];
  /** No families whose final name starts with one of these, own ones neither. Never empty, and not with the other. */
  readonly excludeFamilies?: readonly string[];
  /** The Accept header. */
  readonly accept: string | undefined;
  readonly acceptsGzip: boolean;
  /** Milliseconds until the answer's last byte should be made. */
  readonly timeoutMs: number;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
}

export interface MetricsAnswer {
  readonly status: number;
  /** By lower-case name; the content type, and the encoding where there is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Buffer> | Buffer | Readable;
}

/** A question for the containers of all sandboxes. */
export type ContainersQuestion = Pick<MetricsQuestion, 'accept' | 'acceptsGzip' | 'signal' | 'timeoutMs'>;

export interface MetricsAnswerer {
  answer(question: MetricsQuestion): Promise<MetricsAnswer>;
  answerContainers(question: ContainersQuestion): Promise<MetricsAnswer>;
}

/** An answer that is only a message for people. */
export function refuse(status: number, message: string): MetricsAnswer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, body: Buffer.from(`${message}\n`) };
}
