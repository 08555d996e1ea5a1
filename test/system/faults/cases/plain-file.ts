/**
 * Has a plain file where its socket should be.
 */
import { writeFile } from 'node:fs/promises';
import { type Fault, nothingToClose } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default {
  name: 'plain-file',
  start: async ({ socketPath }) => {
    await writeFile(socketPath, goodBody);
    return nothingToClose;
  },
  canBeWell: false,
  isUp: false,
  reasons: ['refused'],
  kept: '',
} satisfies Fault;
