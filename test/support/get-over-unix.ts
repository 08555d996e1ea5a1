/**
 * One GET over a socket in the file system, on its own connection; resolves to the text of the response.
 */
import { get } from 'node:http';
import { text } from 'node:stream/consumers';

export function getOverUnix(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => resolve(text(response))).once('error', reject);
  });
}
