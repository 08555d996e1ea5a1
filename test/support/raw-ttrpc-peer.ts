/**
 * A ttrpc peer that is driven frame by frame, for what a well-behaved client or server never does.
 * Used by the tests of src/ttrpc; responds to nothing by itself.
 */
import { on } from 'node:events';
import type { Duplex } from 'node:stream';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Request, RequestSchema, type Response, ResponseSchema } from '../../src/proto/index.ts';
import { decodeHeader, encodeHeader, type FrameHeader, FrameType, HEADER_BYTES } from '../../src/ttrpc/frame.ts';

export interface RawFrame extends FrameHeader {
  readonly payload: Buffer;
}

export class RawTtrpcPeer {
  readonly stream: Duplex;
  readonly #frames: AsyncGenerator<RawFrame, undefined>;

  constructor(stream: Duplex) {
    this.stream = stream;
    // The other side may reset the connection; tests look at what that side says of it.
    stream.on('error', () => undefined);
    this.#frames = readFrames(stream);
  }

  /** Writes a frame; `payloadBytes` may lie about the payload. */
  send(frame: { streamId: number; type: number; flags?: number; payload?: Uint8Array; payloadBytes?: number }): void {
    const { streamId, type, flags = 0, payload = Buffer.alloc(0), payloadBytes = payload.length } = frame;
    this.stream.write(Buffer.concat([encodeHeader({ payloadBytes, streamId, type, flags }), payload]));
  }

  sendRequest(streamId: number, request: MessageInitShape<typeof RequestSchema>, flags = 0): void {
    const payload = toBinary(RequestSchema, create(RequestSchema, request));
    this.send({ streamId, type: FrameType.request, flags, payload });
  }

  sendResponse(streamId: number, response: MessageInitShape<typeof ResponseSchema>): void {
    const payload = toBinary(ResponseSchema, create(ResponseSchema, response));
    this.send({ streamId, type: FrameType.response, payload });
  }

  /** The next frame; throws if the connection ends before. */
  async receive(): Promise<RawFrame> {
    const result = await this.#frames.next();
    if (result.done) {
      throw new Error('Connection ended before a frame came');
    }
    return result.value;
  }

  async receiveRequest(): Promise<{ streamId: number; flags: number; request: Request }> {
    const { streamId, type, flags, payload } = await this.receive();
    if (type !== FrameType.request) {
      throw new Error(`Expected a request, got type ${type}`);
    }
    return { streamId, flags, request: fromBinary(RequestSchema, payload) };
  }

  async receiveResponse(): Promise<{ streamId: number; response: Response }> {
    const { streamId, type, payload } = await this.receive();
    if (type !== FrameType.response) {
      throw new Error(`Expected a response, got type ${type}`);
    }
    return { streamId, response: fromBinary(ResponseSchema, payload) };
  }
}

async function* readFrames(stream: Duplex): AsyncGenerator<RawFrame, undefined> {
  let bytes = Buffer.alloc(0);
  for await (const [chunk] of on(stream, 'data', { close: ['end', 'close'] })) {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const header = decodeHeader(bytes, 0);
      const frameBytes = HEADER_BYTES + header.payloadBytes;
      if (bytes.length < frameBytes) {
        break;
      }
      yield { ...header, payload: bytes.subarray(HEADER_BYTES, frameBytes) };
      bytes = bytes.subarray(frameBytes);
    }
  }
  return undefined;
}
