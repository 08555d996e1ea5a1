/**
 * The host's end of a serial line: the hypervisor provides the guest's port as a socket file, and accepts one connection
 * at a time. Called for `serial+unix://` addresses.
 */

import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import { LINE_CLOSED, TransportError } from '../transport-error.ts';
import { FrameLine } from './frame-line.ts';
import { type LinkFrame, toControlFrame } from './link-frame.ts';
import { SerialStream, WINDOW_BYTES } from './serial-stream.ts';

/**
 * Opens a session on `pipe`, which belongs to the stream from then on. Waits for the guest as long as `signal` lets it:
 * a line does not report a missing peer.
 * @throws {TransportError} `not_there`, when the line is closed before.
 */
export function openSession(pipe: Duplex, address: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const session = makeSession();
    let stream: SerialStream | undefined;
    const fail = (error: Error): void => {
      listener[Symbol.dispose]();
      line.close();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason);
    const failEarly = (what: string, cause?: Error): void =>
      fail(new TransportError('not_there', `Cannot connect to "${address}": ${what}`, { cause }));
    const question = toControlFrame('open', session, WINDOW_BYTES);
    const accept = (peerWindowBytes: number): void => {
      listener[Symbol.dispose]();
      stream = toStream(line, session, peerWindowBytes);
      resolve(stream);
    };
    const onEarlyFrame = ({ kind, session: of, value }: LinkFrame): void => {
      if (kind === 'hello') {
        // The guest's side has just begun, and may have missed the question. One that it has seen it takes once.
        line.reply(question);
      } else if (kind === 'accept' && of === session) {
        accept(value);
      } else if (kind === 'reset' && of === session) {
        failEarly('the guest has closed it');
      }
    };
    const line = new FrameLine(pipe, {
      onFrame: (frame) => {
        if (stream === undefined) {
          onEarlyFrame(frame);
        } else if (frame.kind === 'hello') {
          stream.reset('the guest began anew');
        } else if (frame.session === session) {
          stream.receive(frame);
        }
      },
      onClose: (error) => {
        if (stream === undefined) {
          failEarly(error?.message ?? 'closed before a response', error);
        } else {
          stream.reset(error?.message ?? LINE_CLOSED);
        }
      },
    });
    const listener = addAbortListener(signal, onAbort);
    line.send(question);
  });
}

function toStream(line: FrameLine, session: bigint, peerWindowBytes: number): SerialStream {
  const stream = new SerialStream({
    session,
    peerWindowBytes,
    send: (frame) => line.send(frame),
    whenReady: (callback) => line.whenReady(callback),
  });
  // One session for each connection to the hypervisor, so the line ends with it. A reset that cannot go out is not waited
  // for: the guest is not reading, and learns of it by the end of the line.
  stream.once('close', () => (stream.isComplete ? line.closeWhenSent() : line.close()));
  return stream;
}

/**
 * So large that no two of a guest's life are the same. Never 0, which is no session. Not a secret: the guest is told, so that
 * node:crypto, which takes 1.3 MiB in each shim, is not loaded for it.
 */
function makeSession(): bigint {
  const half = (): bigint => BigInt(Math.floor(Math.random() * 2 ** 32));
  return (half() << 32n) | half() || 1n;
}
