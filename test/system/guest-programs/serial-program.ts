/**
 * Runs in the guest in the agent's place: gives back what it gets on its serial port, until it is ordered to die in the
 * middle of it, or to close.
 */
import { listen } from '../../../src/transport/index.ts';
import { CLOSE_WORD, DIE_WORD } from './serial-words.ts';

const listener = await listen({ kind: 'serial', port: 'kata.agent' }, (stream) => {
  stream.on('data', (chunk: Buffer) => {
    if (chunk.includes(DIE_WORD)) {
      process.kill(process.pid, 'SIGKILL');
    }
    if (chunk.includes(CLOSE_WORD)) {
      void listener.close();
    }
  });
  stream.pipe(stream);
});
