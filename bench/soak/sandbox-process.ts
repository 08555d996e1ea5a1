/**
 * The sandboxes of the soak, real directories and sockets, in a process of their own: `fork` it with the root and a
 * directory outside of it. It does one order after the other that comes by IPC, and responds to each when it is done;
 * the first message says that it listens.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, startFakeShim } from '../../test/support/fake-shim.ts';
import { allFaults } from '../../test/system/faults/all-faults.ts';
import { type FaultHandle, preparePlace } from '../../test/system/faults/fault.ts';
import { createBodyMaker } from './sandbox-body.ts';

export type SandboxOrder =
  /** Without a fault it is a good one, whose body depends on `seed`. */
  | { readonly kind: 'start'; readonly id: string; readonly seed: number; readonly faultName: string | undefined }
  | { readonly kind: 'end'; readonly id: string };

const [root = '', outside = ''] = process.argv.slice(2);
const handles = new Map<string, FaultHandle>();

async function start(id: string, seed: number, faultName: string | undefined): Promise<void> {
  const ownOutside = join(outside, id);
  await mkdir(ownOutside);
  const place = await preparePlace(id, { root, outside: ownOutside, isWell: () => false });
  if (faultName === undefined) {
    const makeBody = createBodyMaker(seed);
    handles.set(id, await startFakeShim(place.socketPath, () => answerInChunks(makeBody())));
    return;
  }
  const fault = allFaults.find(({ name }) => name === faultName);
  if (fault === undefined) {
    throw new RangeError(`No fault "${faultName}"`);
  }
  handles.set(id, await fault.start(place));
}

/** As a runtime does it: first the socket has no listener, then the directory is gone. */
async function end(id: string): Promise<void> {
  await handles.get(id)?.close();
  handles.delete(id);
  await Promise.all([join(root, id), join(outside, id)].map((path) => rm(path, { recursive: true })));
}

process.on('message', (order: SandboxOrder) => {
  const done = order.kind === 'start' ? start(order.id, order.seed, order.faultName) : end(order.id);
  // Not caught: an order that cannot be followed ends this process, and with it the soak.
  void done.then(() => process.send?.(order.id));
});
process.on('disconnect', () => process.exit());
// What is sent before somebody listens is lost.
process.send?.('ready');
