/**
 * The whole response to bytes that no HTTP client would send, over TCP until the server closes the connection.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** `request` is sent as it is. */
export async function askRaw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  // The server may close before everything is written: what it has answered counts.
  socket.on('error', () => socket.destroy());
  socket.write(request);
  return text(socket);
}
