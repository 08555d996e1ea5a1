/**
 * An HTTP/2 client (RFC 9113) on a unix socket, limited to what unary calls of gRPC need: POST requests with a small body,
 * responses with trailers, flow control, limits. No server push, no priorities, no dynamic header table. Node.js's own client takes
 * 9 MiB of resident memory, 4 of it anonymous, because it loads TLS and the server (docs/performance.md).
 */
import { connect, type Socket } from 'node:net';
import {
  CLIENT_PREFACE,
  encodeFrame,
  encodeSettings,
  encodeUint32,
  errorCodes,
  type Frame,
  FrameReader,
  frameFlags,
  frameTypes,
  Http2Error,
  MAX_PAYLOAD_BYTES,
  MAX_STREAM_ID,
  removePadding,
  settingIds,
} from './frames.ts';
import { decodeHeaders, encodeRequestHeaders, type GrpcHeaders } from './hpack.ts';

/** A POST request. */
export interface Http2Request {
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most `MAX_PAYLOAD_BYTES` bytes. */
  readonly body: Buffer;
}

export interface ResponseHandler {
  /** Called for the headers of the response, and again for its trailers. */
  onHeaders(headers: GrpcHeaders): void;
  onData(chunk: Buffer): void;
  /** Called once, as the last call. `fault`: why the response is not complete. */
  onEnd(fault: Error | undefined): void;
}

/** Receive window of each stream and of the connection. The default of HTTP/2, 64 KiB, would make large responses wait. */
const WINDOW_BYTES = 1024 * 1024;
/** Send window until the peer sets another one; RFC 9113, section 6.9.2. */
const DEFAULT_WINDOW_BYTES = 65_535;
/** Limit of the encoded headers or trailers of one response. */
const MAX_HEADER_BLOCK_BYTES = 64 * 1024;
/** Limit of acknowledgements of PING and SETTINGS that the peer has not read. */
const MAX_UNSENT_BYTES = 64 * 1024;

interface Exchange {
  readonly request: Http2Request;
  readonly handler: ResponseHandler;
  /** Number of the stream; 0 until the request is sent. */
  id: number;
  /** Bytes that the peer may still send on this stream. */
  windowBytes: number;
}

/**
 * One connection. It is open until it fails, the peer ends it (GOAWAY) or its stream numbers are used up; the caller then opens
 * another one.
 */
export class Http2Connection {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  /** Requests in progress, by stream number. */
  readonly #exchanges = new Map<number, Exchange>();
  /** Requests that wait because the peer limits concurrent streams and bytes. */
  #waiting: Exchange[] = [];
  #nextId = 1;
  #maxExchanges = Number.POSITIVE_INFINITY;
  /** Bytes that this side may send on the connection, and on a new stream. */
  #sendWindowBytes = DEFAULT_WINDOW_BYTES;
  #streamSendWindowBytes = DEFAULT_WINDOW_BYTES;
  #receiveWindowBytes = WINDOW_BYTES;
  #hasSettings = false;
  /** A header block whose end has not arrived. */
  #block: { readonly streamId: number; readonly isLast: boolean; readonly parts: Buffer[]; bytes: number } | undefined;
  #isOpen = true;
  #fault: Error | undefined;

  constructor(socketPath: string) {
    const socket = connect(socketPath);
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => {
      this.#fault ??= error;
    });
    socket.on('close', () => this.#endAll(this.#fault ?? new Error('connection ended before the end of the response')));
    const settings = encodeSettings([
      [settingIds.headerTableSize, 0],
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, WINDOW_BYTES],
      [settingIds.maxHeaderListSize, MAX_HEADER_BLOCK_BYTES],
    ]);
    socket.write(Buffer.concat([CLIENT_PREFACE, settings, encodeWindowUpdate(0, WINDOW_BYTES - DEFAULT_WINDOW_BYTES)]));
  }

  /** Whether the connection accepts requests. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends a request, as soon as the limits of the peer allow it. Returns a function that cancels it and passes its argument
   * to `onEnd`.
   * @throws {RangeError} for a body over `MAX_PAYLOAD_BYTES`.
   */
  start(request: Http2Request, handler: ResponseHandler): (why: Error) => void {
    if (request.body.length > MAX_PAYLOAD_BYTES) {
      throw new RangeError(`Body has ${request.body.length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`);
    }
    const exchange: Exchange = { request, handler, id: 0, windowBytes: WINDOW_BYTES };
    this.#waiting.push(exchange);
    this.#sendWaiting();
    return (why) => this.#cancel(exchange, why);
  }

  /** Closes the connection. Requests in progress and waiting ones end with a fault. */
  destroy(): void {
    this.#fail(new Http2Error(errorCodes.noError, 'connection closed'));
  }

  #sendWaiting(): void {
    for (;;) {
      const [exchange] = this.#waiting;
      const bytes = exchange?.request.body.length ?? 0;
      const isBlocked =
        this.#exchanges.size >= this.#maxExchanges ||
        bytes > Math.min(this.#sendWindowBytes, this.#streamSendWindowBytes);
      if (exchange === undefined || isBlocked) {
        return;
      }
      this.#waiting.shift();
      this.#send(exchange);
    }
  }

  #send(exchange: Exchange): void {
    const { path, headers, body } = exchange.request;
    const id = this.#nextId;
    exchange.id = id;
    this.#nextId += 2;
    this.#isOpen &&= this.#nextId <= MAX_STREAM_ID;
    this.#exchanges.set(id, exchange);
    this.#sendWindowBytes -= body.length;
    const block = encodeRequestHeaders(path, headers);
    this.#socket.write(
      Buffer.concat([
        encodeFrame(frameTypes.headers, frameFlags.endHeaders, id, block),
        encodeFrame(frameTypes.data, frameFlags.endStream, id, body),
      ]),
    );
  }

  #cancel(exchange: Exchange, why: Error): void {
    if (this.#waiting.includes(exchange)) {
      this.#waiting = this.#waiting.filter((other) => other !== exchange);
      exchange.handler.onEnd(why);
    } else if (this.#exchanges.has(exchange.id)) {
      this.#reset(exchange, why);
    }
  }

  #reset(exchange: Exchange, why: Error): void {
    this.#socket.write(encodeFrame(frameTypes.rstStream, 0, exchange.id, encodeUint32(errorCodes.cancel)));
    this.#end(exchange, why);
  }

  #end(exchange: Exchange, fault?: Error): void {
    this.#exchanges.delete(exchange.id);
    exchange.handler.onEnd(fault);
    this.#sendWaiting();
    if (!this.#isOpen && this.#exchanges.size === 0) {
      this.#socket.destroy();
    }
  }

  #endAll(fault: Error): void {
    this.#isOpen = false;
    const ended = [...this.#exchanges.values(), ...this.#waiting];
    this.#exchanges.clear();
    this.#waiting = [];
    for (const { handler } of ended) {
      handler.onEnd(fault);
    }
  }

  /** Sends the reason to the peer (GOAWAY) and closes the connection. */
  #fail(fault: Http2Error): void {
    this.#isOpen = false;
    this.#fault ??= fault;
    if (!this.#socket.destroyed) {
      const payload = Buffer.concat([encodeUint32(0), encodeUint32(fault.code)]);
      this.#socket.write(encodeFrame(frameTypes.goAway, 0, 0, payload));
      this.#socket.destroy();
    }
    this.#endAll(this.#fault);
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.read(chunk)) {
        this.#take(frame);
        if (this.#socket.destroyed) {
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof Http2Error)) {
        throw error;
      }
      this.#fail(error);
    }
  }

  #take(frame: Frame): void {
    const { type } = frame;
    if (!this.#hasSettings && type !== frameTypes.settings) {
      throw new Http2Error(errorCodes.protocolError, 'not HTTP/2: the first frame is not SETTINGS');
    }
    if ((type === frameTypes.continuation) !== (this.#block !== undefined)) {
      throw new Http2Error(
        errorCodes.protocolError,
        'HTTP/2 header block is interrupted, or continued without a beginning',
      );
    }
    switch (type) {
      case frameTypes.data:
        this.#takeData(frame);
        break;
      case frameTypes.headers:
        this.#takeHeaders(frame);
        break;
      case frameTypes.continuation:
        this.#continueHeaders(frame);
        break;
      case frameTypes.rstStream:
        this.#takeReset(frame);
        break;
      case frameTypes.settings:
        this.#takeSettings(frame);
        break;
      case frameTypes.ping:
        this.#takePing(frame);
        break;
      case frameTypes.goAway:
        this.#takeGoAway(frame);
        break;
      case frameTypes.windowUpdate:
        this.#takeWindowUpdate(frame);
        break;
      case frameTypes.pushPromise:
        throw new Http2Error(errorCodes.protocolError, 'HTTP/2 push, which this client does not permit');
      default:
      // PRIORITY and unknown types are ignored.
    }
  }

  #takeData(frame: Frame): void {
    const { streamId, payload, flags } = frame;
    const exchange = this.#exchanges.get(streamId);
    const windowBytes = Math.min(this.#receiveWindowBytes, exchange?.windowBytes ?? WINDOW_BYTES);
    if (payload.length > windowBytes) {
      throw new Http2Error(
        errorCodes.flowControlError,
        `HTTP/2 frame of ${payload.length} bytes, the window is ${windowBytes} bytes`,
      );
    }
    // Also for a cancelled response, because all responses share this window.
    this.#receiveWindowBytes = this.#extendWindow(0, this.#receiveWindowBytes - payload.length);
    if (exchange === undefined) {
      return;
    }
    exchange.windowBytes -= payload.length;
    exchange.handler.onData(removePadding(frame));
    if (!this.#exchanges.has(streamId)) {
      return; // cancelled
    }
    if (flags & frameFlags.endStream) {
      this.#end(exchange);
    } else {
      exchange.windowBytes = this.#extendWindow(streamId, exchange.windowBytes);
    }
  }

  /** Sends WINDOW_UPDATE if less than half of the window is left. Returns the new size in bytes. */
  #extendWindow(streamId: number, bytes: number): number {
    if (bytes >= WINDOW_BYTES / 2) {
      return bytes;
    }
    this.#reply(encodeWindowUpdate(streamId, WINDOW_BYTES - bytes));
    return WINDOW_BYTES;
  }

  #takeHeaders(frame: Frame): void {
    const part = removePadding(frame);
    const isLast = (frame.flags & frameFlags.endStream) !== 0;
    this.#block = { streamId: frame.streamId, isLast, parts: [part], bytes: part.length };
    this.#finishHeaders(frame.flags);
  }

  #continueHeaders({ streamId, flags, payload }: Frame): void {
    const block = this.#block!;
    block.parts.push(payload);
    block.bytes += payload.length;
    const fault = findContinuationFault(block, streamId, payload);
    if (fault !== undefined) {
      throw new Http2Error(errorCodes.enhanceYourCalm, `HTTP/2 header block of stream ${block.streamId} ${fault}`);
    }
    this.#finishHeaders(flags);
  }

  #finishHeaders(flags: number): void {
    if (!(flags & frameFlags.endHeaders)) {
      return;
    }
    const { streamId, isLast, parts } = this.#block!;
    this.#block = undefined;
    const exchange = this.#exchanges.get(streamId);
    // Without a dynamic table, the block of a cancelled request can be ignored.
    if (exchange === undefined) {
      return;
    }
    exchange.handler.onHeaders(decodeBlock(Buffer.concat(parts)));
    if (isLast && this.#exchanges.has(streamId)) {
      this.#end(exchange);
    }
  }

  #takeSettings({ flags, payload }: Frame): void {
    this.#hasSettings = true;
    if (flags & frameFlags.ack) {
      return;
    }
    if (payload.length % 6 !== 0) {
      throw new Http2Error(errorCodes.frameSizeError, `HTTP/2 SETTINGS of ${payload.length} bytes`);
    }
    for (let offset = 0; offset < payload.length; offset += 6) {
      const id = payload.readUInt16BE(offset);
      const value = payload.readUInt32BE(offset + 2);
      if (id === settingIds.maxConcurrentStreams) {
        this.#maxExchanges = value;
      } else if (id === settingIds.initialWindowSize) {
        this.#streamSendWindowBytes = value;
      }
    }
    this.#reply(encodeFrame(frameTypes.settings, frameFlags.ack, 0, Buffer.alloc(0)));
    this.#sendWaiting();
  }

  #takeReset(frame: Frame): void {
    const exchange = this.#exchanges.get(frame.streamId);
    const code = readUint32(frame);
    if (exchange !== undefined) {
      this.#end(exchange, new Error(`request was rejected with HTTP/2 error code ${code}`));
    }
  }

  #takeWindowUpdate(frame: Frame): void {
    const bytes = readUint32(frame) & MAX_STREAM_ID;
    // Each stream sends one frame, which fits into its first window.
    if (frame.streamId === 0) {
      this.#sendWindowBytes += bytes;
      this.#sendWaiting();
    }
  }

  #takePing({ flags, payload }: Frame): void {
    if (!(flags & frameFlags.ack)) {
      this.#reply(encodeFrame(frameTypes.ping, frameFlags.ack, 0, payload));
    }
  }

  /**
   * The peer accepts no more requests. Those up to the stream that it names still get their responses. The peer decides whether it
   * then closes the connection.
   */
  #takeGoAway(frame: Frame): void {
    const last = readUint32(frame) & MAX_STREAM_ID;
    this.#isOpen = false;
    const fault = new Error('container manager ends the connection');
    const rejected = [...this.#exchanges.values()].filter(({ id }) => id > last);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const exchange of rejected) {
      this.#end(exchange, fault);
    }
    for (const { handler } of waiting) {
      handler.onEnd(fault);
    }
    if (this.#exchanges.size === 0) {
      this.#socket.destroy();
    }
  }

  #reply(frame: Buffer): void {
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      const what = `${this.#socket.writableLength} bytes wait, the limit is ${MAX_UNSENT_BYTES}`;
      throw new Http2Error(errorCodes.enhanceYourCalm, `HTTP/2 peer does not read what it requests: ${what}`);
    }
    this.#socket.write(frame);
  }
}

function findContinuationFault(
  { streamId, bytes }: { readonly streamId: number; readonly bytes: number },
  ofPart: number,
  { length }: Buffer,
): string | undefined {
  if (ofPart !== streamId) {
    return `is continued on stream ${ofPart}`;
  }
  // An empty part takes memory as well.
  return length === 0
    ? 'is continued by an empty frame'
    : bytes > MAX_HEADER_BLOCK_BYTES
      ? `has ${bytes} bytes or more, the limit is ${MAX_HEADER_BLOCK_BYTES}`
      : undefined;
}

function encodeWindowUpdate(streamId: number, bytes: number): Buffer {
  return encodeFrame(frameTypes.windowUpdate, 0, streamId, encodeUint32(bytes));
}

function readUint32({ payload }: Frame): number {
  if (payload.length < 4) {
    throw new Http2Error(errorCodes.frameSizeError, `HTTP/2 frame of ${payload.length} bytes, at least 4 are needed`);
  }
  return payload.readUInt32BE(0);
}

function decodeBlock(block: Buffer): GrpcHeaders {
  try {
    return decodeHeaders(block);
  } catch (error) {
    throw new Http2Error(errorCodes.compressionError, `HTTP/2 ${(error as Error).message}`);
  }
}
