/**
 * The root shell of a guest that kata-shim opens with --debug-console: one command at a time, with what it says.
 */
import { connect } from 'node:net';

/** Says where a response ends; not in the command itself, for a terminal would echo it. */
const END = '--end of the response--';

/**
 * Resolves with what the command has written. A command for the background needs its output redirected. Rejects when the
 * console goes while it waits.
 */
export function runInConsole(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(socketPath);
    socket.setEncoding('utf8');
    socket.write(`${command}\nbusybox printf -- '--end of %s response--' the\n`);
    socket.on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf(END);
      if (end !== -1) {
        socket.destroy();
        resolve(text.slice(0, end));
      }
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`Console "${socketPath}" closed while "${command}" ran: ${text}`)));
  });
}
