/**
 * A shim's management socket that responds with whatever bytes a test gives it: whole responses, half ones, none, lies. Used
 * by unit and system tests; it checks nothing and understands only where a request ends.
 */
import { createServer, type Socket } from 'node:net';

export type FakeAnswer =
  /** Sends the bytes as they are, then keeps the connection, closes it, or resets it. */
  | { readonly kind: 'bytes'; readonly bytes: string | Uint8Array; readonly ending?: 'keep' | 'close' | 'reset' }
  /** Accepts the request and never says a word. */
  | { readonly kind: 'silence' }
  /** Sends `head`, then `piece` again and again for as long as the other side reads. */
  | { readonly kind: 'endless'; readonly head: string | Uint8Array; readonly piece: string | Uint8Array }
  /** Sends one piece after the other, the next after `everyMs`. Default: pieces of one byte. */
  | { readonly kind: 'drip'; readonly bytes: string; readonly everyMs: number; readonly pieceBytes?: number };

export type FakeAnswerer = (requestLine: string, attempt: number) => FakeAnswer;

export interface FakeShim {
  readonly socketPath: string;
  /** Request lines so far, such as `GET /metrics HTTP/1.1`. */
  readonly requests: readonly string[];
  /** Whole heads of the requests so far. */
  readonly requestHeads: readonly string[];
  /** Connections accepted so far. */
  readonly connectionCount: number;
  /** Connections open right now. */
  readonly openConnections: number;
  /** What the next requests get. */
  setAnswer(response: FakeAnswer | FakeAnswerer): void;
  /** Sends a response to the requests that got silence so far. */
  respond(response: FakeAnswer): void;
  /** Resolves when the next request has been read. */
  nextRequest(): Promise<string>;
  /** Ends the connections that are open, and goes on listening. */
  dropConnections(): Promise<void>;
  /** Stops listening, resets every connection, removes the socket. */
  close(): Promise<void>;
}

/** A whole response with a Content-Length, as runtime-rs sends it. */
export function answerWithLength(
  body: string | Uint8Array,
  options: { status?: string; contentType?: string } = {},
): FakeAnswer {
  const bytes = Buffer.from(body);
  const { status = '200 OK', contentType = 'text/plain; version=0.0.4' } = options;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${contentType}\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  return { kind: 'bytes', bytes: Buffer.concat([Buffer.from(head), bytes]) };
}

/** A whole response in chunks, as the Go shim sends it. */
export function answerInChunks(body: string | Uint8Array, chunkBytes = 2048): FakeAnswer {
  const bytes = Buffer.from(body);
  const parts = [
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return { kind: 'bytes', bytes: Buffer.concat(parts) };
}

/** Listens on `socketPath`, whose directory must exist; without a response it keeps silent. */
export async function startFakeShim(
  socketPath: string,
  first: FakeAnswer | FakeAnswerer = { kind: 'silence' },
): Promise<FakeShim> {
  let response = first;
  let connectionCount = 0;
  const requestHeads: string[] = [];
  const waiting: ((requestLine: string) => void)[] = [];
  const sockets = new Set<Socket>();
  let silent: Socket[] = [];

  const takeRequest = (socket: Socket, head: string): void => {
    const requestLine = head.slice(0, head.indexOf('\r\n'));
    requestHeads.push(head);
    const given = typeof response === 'function' ? response(requestLine, requestHeads.length) : response;
    if (given.kind === 'silence') {
      silent.push(socket);
    }
    give(socket, given);
    for (const resolve of waiting.splice(0)) {
      resolve(requestLine);
    }
  };
  const server = createServer((socket) => {
    connectionCount++;
    sockets.add(socket);
    let pending = '';
    socket.on('data', (piece) => {
      pending += piece.toString('latin1');
      for (let end = pending.indexOf('\r\n\r\n'); end !== -1; end = pending.indexOf('\r\n\r\n')) {
        const head = pending.slice(0, end + 2);
        pending = pending.slice(end + 4);
        takeRequest(socket, head);
      }
    });
    // The other side cutting the connection is what many tests are about.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });

  const dropConnections = async (): Promise<void> => {
    const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) {
      socket.destroy();
    }
    await Promise.all(closed);
  };
  return {
    socketPath,
    requestHeads,
    get requests() {
      return requestHeads.map((head) => head.slice(0, head.indexOf('\r\n')));
    },
    get connectionCount() {
      return connectionCount;
    },
    get openConnections() {
      return sockets.size;
    },
    setAnswer: (next) => {
      response = next;
    },
    respond: (given) => {
      for (const socket of silent) {
        give(socket, given);
      }
      silent = [];
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    dropConnections,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await dropConnections();
      await closed;
    },
  };
}

function give(socket: Socket, response: FakeAnswer): void {
  if (response.kind === 'endless') {
    socket.write(response.head);
    const more = (): void => {
      while (!socket.destroyed && socket.write(response.piece)) {
        // Until the other side's buffer is full; 'drain' goes on.
      }
    };
    socket.on('drain', more);
    more();
  } else if (response.kind === 'drip') {
    const { bytes, everyMs, pieceBytes = 1 } = response;
    let sent = 0;
    const timer = setInterval(() => {
      socket.write(bytes.slice(sent, sent + pieceBytes));
      sent += pieceBytes;
    }, everyMs);
    socket.on('close', () => clearInterval(timer));
  } else if (response.kind === 'bytes') {
    if (response.ending === 'close') {
      socket.end(response.bytes);
    } else if (response.ending === 'reset') {
      socket.write(response.bytes, () => socket.destroy());
    } else {
      socket.write(response.bytes);
    }
  }
}
