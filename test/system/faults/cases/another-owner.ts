/**
 * Has a socket that belongs to neither root nor the user of the monitor; only root can bring that about.
 */
import { chown } from 'node:fs/promises';
import { answerInChunks, startFakeShim } from '../../../support/fake-shim.ts';
import type { Fault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const isRoot = process.getuid?.() === 0;
/** Nobody's, on most systems. */
const STRANGER_UID = 65_534;

export default {
  name: 'another-owner',
  start: async ({ socketPath }) => {
    const shim = await startFakeShim(socketPath, answerInChunks(goodBody));
    await (isRoot ? chown(socketPath, STRANGER_UID, STRANGER_UID) : undefined);
    return shim;
  },
  canBeWell: false,
  isUp: !isRoot,
  reasons: isRoot ? ['unsafe_socket'] : [],
  kept: isRoot ? '' : goodBody,
} satisfies Fault;
