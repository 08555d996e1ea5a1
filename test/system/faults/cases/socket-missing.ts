/**
 * Has had no socket for a long time.
 */
import { utimes } from 'node:fs/promises';
import { type Fault, nothingToClose } from '../fault.ts';

export default {
  name: 'socket-missing',
  start: async ({ directory }) => {
    await utimes(directory, 0, 0);
    return nothingToClose;
  },
  canBeWell: false,
  isUp: false,
  reasons: ['missing'],
  kept: '',
} satisfies Fault;
