/**
 * One connection of the management server: reads one request after the other, each when the client has read the response
 * to the previous one. Bytes and time of a client are limited, and a client delays only its own connection.
 */
import type { Socket } from 'node:net';
import { parseRequestHead, RequestError, type RequestHead } from './request-head.ts';

export interface HttpResponse {
  readonly status: number;
  /** Headers other than the length, the date and those of the connection. */
  readonly headers: Readonly<Record<string, string>>;
  /** Body in parts. */
  readonly body: readonly Buffer[];
}

/** Limit of the request line and the headers, with the empty line after them. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** Time until the first byte of a connection, and from the first byte of a request head to its last. */
const HEAD_TIMEOUT_MS = 5_000;
/** The monitor keeps its connection between scrapes; scrape intervals are seldom longer. */
const KEEP_ALIVE_SECONDS = 120;
/** Time for a client to read a whole response. */
const RESPONSE_TIMEOUT_MS = 30_000;
/**
 * Time for a client to read the response to a request that was not read to its end: with unread bytes, closing resets the
 * connection.
 */
const LINGER_MS = 1_000;

const MS_PER_SECOND = 1000;
const HEAD_END = Buffer.from('\r\n\r\n');
const CR = 0x0d;
const LF = 0x0a;

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  422: 'Unprocessable Content',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export class ManagementConnection {
  readonly #socket: Socket;
  readonly #respond: (head: RequestHead) => Promise<HttpResponse>;
  #state: 'lingering' | 'reading' | 'responding' = 'reading';
  /** The beginning of a head that has come in pieces. */
  #head: Buffer | undefined;
  #headBytes = 0;
  #isLast = false;
  #timer: NodeJS.Timeout | undefined;

  /** `respond` must not reject. */
  constructor(socket: Socket, respond: (head: RequestHead) => Promise<HttpResponse>) {
    this.#socket = socket;
    this.#respond = respond;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#receiveEnd());
    // A client that is gone needs no response.
    socket.on('error', () => undefined);
    socket.on('close', () => clearTimeout(this.#timer));
    this.#limitTime(HEAD_TIMEOUT_MS, () => socket.destroy());
  }

  /** Ends after the response under way, or now. */
  close(): void {
    this.#isLast = true;
    if (this.#state === 'reading') {
      this.#socket.destroy();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    if (this.#state !== 'reading') {
      return;
    }
    if (this.#head !== undefined) {
      this.#receiveMore(this.#head, bytes);
      return;
    }
    let start = 0;
    // Some clients send an empty line after a body.
    while (bytes[start] === CR && bytes[start + 1] === LF) {
      start += 2;
    }
    const end = bytes.indexOf(HEAD_END, start);
    if ((end < 0 ? bytes.length : end + HEAD_END.length) - start > MAX_HEAD_BYTES) {
      this.#refuse(tooLong());
    } else if (end >= 0) {
      this.#serve(bytes.toString('latin1', start, end), bytes.subarray(end + HEAD_END.length));
    } else if (start < bytes.length) {
      this.#head = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
      this.#headBytes = bytes.copy(this.#head, 0, start);
      this.#limitTime(HEAD_TIMEOUT_MS, () =>
        this.#refuse(new RequestError(408, `The request did not arrive within ${HEAD_TIMEOUT_MS} ms`)),
      );
    }
  }

  /** Each byte is looked at once, however small the pieces are. */
  #receiveMore(head: Buffer, bytes: Buffer): void {
    const before = this.#headBytes;
    this.#headBytes += bytes.copy(head, before);
    const end = head.subarray(0, this.#headBytes).indexOf(HEAD_END, Math.max(0, before - HEAD_END.length + 1));
    if (end >= 0) {
      this.#head = undefined;
      this.#serve(head.toString('latin1', 0, end), bytes.subarray(end + HEAD_END.length - before));
    } else if (this.#headBytes === MAX_HEAD_BYTES) {
      this.#refuse(tooLong());
    }
  }

  /** The client sends no more, but may wait for its response. */
  #receiveEnd(): void {
    this.#isLast = true;
    if (this.#state !== 'responding') {
      this.#socket.destroy();
    }
  }

  /** `rest`: what the client has sent after the head, for the next request. */
  #serve(text: string, rest: Buffer): void {
    this.#beginResponse();
    if (rest.length > 0) {
      this.#socket.unshift(rest);
    }
    let head: RequestHead;
    try {
      head = parseRequestHead(text);
    } catch (error) {
      this.#refuse(error as RequestError);
      return;
    }
    void this.#respond(head).then((response) => this.#send(head, response));
  }

  #refuse({ status, message }: RequestError): void {
    this.#beginResponse();
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
    const head = { method: 'GET', target: '', isKeptAlive: false, hasBody: true };
    this.#send(head, { status, headers, body: [Buffer.from(`${message}\n`)] });
  }

  /** No request is read meanwhile, and the client may take its time. */
  #beginResponse(): void {
    this.#state = 'responding';
    this.#head = undefined;
    clearTimeout(this.#timer);
    this.#socket.pause();
  }

  #send({ method, isKeptAlive, hasBody }: RequestHead, { status, headers, body }: HttpResponse): void {
    const socket = this.#socket;
    if (socket.destroyed) {
      return;
    }
    const isLast = this.#isLast || !isKeptAlive || hasBody;
    const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const head = [
      `HTTP/1.1 ${status} ${reasons[status] ?? ''}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${length}`,
      `Date: ${new Date().toUTCString()}`,
      isLast ? 'Connection: close' : `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_SECONDS}`,
      '\r\n',
    ].join('\r\n');
    const parts = [Buffer.from(head, 'latin1'), ...(method === 'HEAD' ? [] : body)];
    this.#limitTime(RESPONSE_TIMEOUT_MS, () => socket.destroy());
    socket.cork();
    parts.forEach((part, index) => {
      socket.write(part, index < parts.length - 1 ? undefined : () => this.#endResponse(isLast, hasBody));
    });
    socket.uncork();
  }

  #endResponse(isLast: boolean, hasBody: boolean): void {
    const socket = this.#socket;
    if (hasBody) {
      this.#state = 'lingering';
      this.#limitTime(LINGER_MS, () => socket.destroy());
      socket.end();
      socket.resume();
    } else if (isLast || this.#isLast) {
      // Not within the callback of a write, where Node.js would make an error for the writes that are left, of which there is none.
      process.nextTick(() => socket.destroy());
    } else {
      this.#state = 'reading';
      this.#limitTime(KEEP_ALIVE_SECONDS * MS_PER_SECOND, () => socket.destroy());
      socket.resume();
    }
  }

  #limitTime(ms: number, onTimeout: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onTimeout, ms).unref();
  }
}

function tooLong(): RequestError {
  return new RequestError(431, `The head of a request has more than ${MAX_HEAD_BYTES} bytes`);
}
