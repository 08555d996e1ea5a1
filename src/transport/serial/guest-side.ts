/**
 * The guest's end of a serial line: passes on sessions as the host opens them, one at a time, the newest. Independent of
 * how the port is opened. Called for `serial://` addresses, and by tests over any pipe.
 */
import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import { FrameLine } from './frame-line.ts';
import { type LinkFrame, NO_SESSION, toControlFrame } from './link-frame.ts';
import { SerialStream, WINDOW_BYTES } from './serial-stream.ts';

/** Serves one life of a pipe; resolves when it has been closed, by `signal` or by the other side. Never rejects. */
export function serveSessions(
  pipe: Duplex,
  signal: AbortSignal,
  onConnection: (stream: Duplex) => void,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let current: SerialStream | undefined;
  const begin = ({ session, value }: LinkFrame): void => {
    current?.reset('the host began anew');
    const stream = new SerialStream({
      session,
      peerWindowBytes: value,
      send: (frame) => line.send(frame),
      whenReady: (callback) => line.whenReady(callback),
    });
    // A host that resets before anyone has begun to listen must not end the program; users of the stream hear of it too.
    stream.on('error', () => undefined);
    stream.once('close', () => {
      current = current === stream ? undefined : current;
    });
    current = stream;
    line.send(toControlFrame('accept', session, WINDOW_BYTES));
    onConnection(stream);
  };
  const onAbort = (): void => {
    current?.reset('closed on this side');
    line.close();
  };
  const listener = addAbortListener(signal, onAbort);
  const line = new FrameLine(pipe, {
    onFrame: (frame) => {
      if (frame.kind === 'open') {
        // A host that received "hello" while it waited repeats its request.
        if (frame.session !== current?.session) {
          begin(frame);
        }
      } else if (current !== undefined && frame.session === current.session) {
        current.receive(frame);
      } else if (frame.kind === 'data' || frame.kind === 'end') {
        // The session is of an earlier process of this side, or has ended: the host may still wait for a frame of it.
        line.reply(toControlFrame('reset', frame.session));
      }
    },
    onClose: (error) => {
      listener[Symbol.dispose]();
      current?.reset(error?.message ?? 'the host has gone');
      resolve();
    },
  });
  // A host that has a session with an earlier life learns that it is over.
  line.send(toControlFrame('hello', NO_SESSION));
  return promise;
}
