/**
 * Parses the head of an HTTP/1.1 response: status line and headers. Pure. Strict on purpose: the peers are two known servers
 * (Go's net/http and Rust's hyper), and anything but plain HTTP from them is a fault to report.
 */
import type { ShimHeaders } from './result.ts';

/** How the end of the body is determined, RFC 9112 section 6.3. */
export type BodyFraming =
  | { readonly kind: 'chunked' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'until_close' };

export interface ResponseHead {
  readonly status: number;
  readonly headers: ShimHeaders;
  readonly framing: BodyFraming;
  /** Whether the connection may carry another request after the body. */
  readonly isReusable: boolean;
}

/** The response is not valid HTTP/1.x; the message describes the fault. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: [^\r\n\0]*)?$/;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const notInValue = /[\r\n\0]/;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Parses a head without the empty line at its end; lines end in CRLF.
 * @throws {ProtocolError} when it is not one.
 */
export function parseResponseHead(text: string): ResponseHead {
  const lines = text.split('\r\n');
  const first = statusLine.exec(lines[0] ?? '');
  if (first === null) {
    throw new ProtocolError(`Not an HTTP/1.1 status line: ${JSON.stringify(lines[0]?.slice(0, 64))}`);
  }
  const headers: Record<string, string> = {};
  for (let i = 1; i < lines.length; i++) {
    const [name, value] = parseHeaderLine(lines[i]!);
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  const status = Number(first[2]);
  const framing = framingOf(status, headers);
  const isKeptByDefault = first[1] === '1';
  const isReusable =
    isKeptByDefault && framing.kind !== 'until_close' && !/\bclose\b/i.test(headers['connection'] ?? '');
  return { status, headers, framing, isReusable };
}

/** Trims the value. Takes linear time, which one regular expression over the line would not. */
function parseHeaderLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon));
  if (!headerName.test(name) || notInValue.test(line)) {
    throw new ProtocolError(`Not a header line: ${JSON.stringify(line.slice(0, 64))}`);
  }
  let start = colon + 1;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) {
    start++;
  }
  while (end > start && isBlank(line.charCodeAt(end - 1))) {
    end--;
  }
  return [name.toLowerCase(), line.slice(start, end)];
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function framingOf(status: number, headers: ShimHeaders): BodyFraming {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ProtocolError(`Content-Encoding ${JSON.stringify(encoding)} was not requested`);
  }
  if (status < 200 || status === 204 || status === 304) {
    return { kind: 'length', bytes: 0 };
  }
  const transfer = headers['transfer-encoding'];
  const length = headers['content-length'];
  if (transfer !== undefined) {
    if (transfer.toLowerCase() !== 'chunked' || length !== undefined) {
      throw new ProtocolError(
        `Transfer-Encoding ${JSON.stringify(transfer)} is unsupported or conflicts with a Content-Length`,
      );
    }
    return { kind: 'chunked' };
  }
  if (length === undefined) {
    return { kind: 'until_close' };
  }
  if (!/^[0-9]{1,15}$/.test(length)) {
    throw new ProtocolError(`Content-Length ${JSON.stringify(length)} is not a number of bytes`);
  }
  return { kind: 'length', bytes: Number(length) };
}
