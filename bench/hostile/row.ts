/**
 * What a row of the cost table is: an input that some sandboxes of a node send, beside healthy ones.
 */

/** What a hostile shim sends for one request. */
export interface HostileResponse {
  /** From the status line to the blank line. Default: 200 with a Content-Length. */
  readonly head?: Buffer;
  readonly body: Buffer;
  /** Time before the first byte. Default: 0. */
  readonly delayMs?: number;
}

export interface HostileRow {
  /** The input, as it is printed in the table. */
  readonly name: string;
  /** Sandboxes that send it. Default: 1. */
  readonly sandboxes?: number;
  /** The form that the client requests. Default: text. */
  readonly form?: 'openmetrics' | 'protobuf' | 'text';
  /** Scrapes. Default: 3; the wall time of the last one counts. */
  readonly scrapes?: number;
  /** Removes the hostile sandboxes and scrapes twice before the memory that is left is read. Default: false. */
  readonly isRemoved?: boolean;
  /** The response of a sandbox to a request, both counted from 0. Must not depend on anything else. */
  readonly respond: (sandbox: number, request: number) => HostileResponse;
}

/** The Accept header of each form. */
export const acceptOf: Readonly<Record<NonNullable<HostileRow['form']>, string>> = {
  openmetrics: 'application/openmetrics-text;version=1.0.0',
  protobuf: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  text: 'text/plain;version=0.0.4',
};
