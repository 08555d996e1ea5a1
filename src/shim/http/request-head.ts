/**
 * Parses the head of an HTTP/1.1 request: request line and headers, RFC 9112. Pure. Strict on purpose: the clients are
 * monitors and people with curl, and lenience about lengths and line ends makes request smuggling possible.
 */

export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent, not decoded; of a whole URL, without its origin. */
  readonly target: string;
  /** Whether the client may send another request on the connection. */
  readonly isKeptAlive: boolean;
  /** Whether a body follows, which this server does not read. */
  readonly hasBody: boolean;
}

/** The request cannot be served; the message says why, for the response with this status. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A target is a path, a star, or a whole URL, of visible characters of ASCII. */
const requestLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (?:http:\/\/[\w.:-]+(?=\/))?(\*|\/[\x21-\x7e]*) HTTP\/([0-9])\.([0-9])$/;
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Control characters but the tab. */
const notInValue = /[\x00-\x08\x0a-\x1f\x7f]/;
const number = /^[0-9]{1,15}$/;

/** Limit of the text of a client in an error message. */
const MAX_SHOWN_CHARS = 64;

/**
 * `text`: of a head without the empty line at its end, one character for each byte. Lines end in CRLF.
 * @throws {RequestError}
 */
export function parseRequestHead(text: string): RequestHead {
  const [first = '', ...lines] = text.split('\r\n');
  const match = requestLine.exec(first);
  if (match === null) {
    throw new RequestError(400, `Not a request line of HTTP/1.1: ${show(first)}`);
  }
  const [, method = '', target = '', major, minor] = match;
  if (major !== '1' || (minor !== '0' && minor !== '1')) {
    throw new RequestError(505, `HTTP ${major}.${minor} is not supported, use HTTP/1.1`);
  }
  const headers = readHeaders(lines);
  const isFirstVersion = minor === '0';
  const hosts = headers.get('host')?.length ?? 0;
  if (hosts > 1 || (hosts === 0 && !isFirstVersion)) {
    throw new RequestError(400, `Expected one header "Host", got ${hosts}`);
  }
  const expectations = headers.get('expect') ?? [];
  if (expectations.some((value) => value.toLowerCase() !== '100-continue')) {
    throw new RequestError(417, `Expectation ${show(expectations.join())} cannot be met`);
  }
  const connection = (headers.get('connection') ?? [])
    .join()
    .toLowerCase()
    .split(/[\t ,]+/);
  return {
    method,
    target,
    isKeptAlive: isFirstVersion ? connection.includes('keep-alive') : !connection.includes('close'),
    hasBody: hasBody(headers),
  };
}

/** Returns the values of headers by their names in lower case. */
function readHeaders(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    // A line that begins with a blank would continue the one before it: that form is obsolete.
    if (!headerName.test(name) || notInValue.test(line)) {
      throw new RequestError(400, `Not a header line: ${show(line)}`);
    }
    const value = line.slice(colon + 1).trim();
    const key = name.toLowerCase();
    const values = headers.get(key);
    if (values === undefined) {
      headers.set(key, [value]);
    } else {
      values.push(value);
    }
  }
  return headers;
}

function hasBody(headers: ReadonlyMap<string, readonly string[]>): boolean {
  const lengths = headers.get('content-length');
  const isChunked = headers.has('transfer-encoding');
  if (lengths === undefined) {
    return isChunked;
  }
  const [length = ''] = lengths;
  if (isChunked || lengths.length > 1 || !number.test(length)) {
    throw new RequestError(400, 'The length of the body is ambiguous');
  }
  return Number(length) > 0;
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN_CHARS));
}
