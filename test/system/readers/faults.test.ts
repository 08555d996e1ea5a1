/**
 * Every fault of test/system/faults beside two good sandboxes, each by itself and all on one node: whatever a sandbox does,
 * every reader takes the node's response in every form, and stores all of the good sandboxes.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks } from '../../support/fake-shim.ts';
import { missingPackages } from '../../support/requirements.ts';
import { allFaults } from '../faults/all-faults.ts';
import { type FaultHandle, preparePlace } from '../faults/fault.ts';
import { goodBody } from '../faults/good-body.ts';
import { startTestNode, type TestNode } from './node.ts';
import { type Readers, type Response, startReaders } from './readers.ts';

const missing = missingPackages(['prometheus', 'python3-prometheus-client']);
const goodIds = ['0-good', 'zz-good'];
const goodBodies = Object.fromEntries(goodIds.map((id) => [id, goodBody]));
const SHIM_TIMEOUT_MS = 2000;

describe.skipIf(missing.length > 0)(`Readers of a faulty node (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let node: TestNode;
  let readers: Readers;
  const responses: Response[] = [];
  let complaints: string[] = [];

  const startFault = async (fault: (typeof allFaults)[number]): Promise<FaultHandle> =>
    fault.start(await preparePlace(fault.name, { ...node, isWell: () => false }));

  // The monitor makes its mailbox again, perhaps while it is being removed.
  const kept = [...goodIds, '.last-words'];

  beforeAll(async () => {
    [node, readers] = await Promise.all([startTestNode(SHIM_TIMEOUT_MS), startReaders()]);
    for (const id of goodIds) {
      (await node.addShim(id)).setAnswer(answerInChunks(goodBody));
    }
    responses.push(...(await node.scrape('no fault', goodBodies)));
    for (const fault of allFaults) {
      const handle = await startFault(fault);
      responses.push(...(await node.scrape(fault.name, goodBodies)));
      await handle.close();
      for (const folder of [node.root, node.outside]) {
        const left = (await readdir(folder)).filter((name) => !kept.includes(name));
        await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true })));
      }
    }
    const handles: FaultHandle[] = [];
    for (const fault of allFaults) {
      handles.push(await startFault(fault));
    }
    responses.push(...(await node.scrape('all faults', goodBodies)));
    complaints = await readers.read(responses);
    await Promise.all(handles.map((handle) => handle.close()));
  }, 600_000);

  afterAll(async () => {
    await readers?.stop();
    await node?.stop();
  });

  it.each(['no fault', ...allFaults.map(({ name }) => name), 'all faults'])(
    'take %s, and have the good sandboxes',
    (name) => {
      const asked = responses.filter((response) => response.name === name);
      expect(asked.map(({ contentType }) => contentType.split(';')[0])).toEqual([
        'text/plain',
        'application/openmetrics-text',
        'application/vnd.google.protobuf',
      ]);
      expect(complaints.filter((complaint) => complaint.includes(`: ${name}`))).toEqual([]);
    },
  );
});
