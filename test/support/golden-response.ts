/**
 * The response of a kata-monitor to one sandbox whose /proc is a fixed tree: the same bytes on every machine. Used by the
 * test of the golden response and by `npm run golden`, which rewrites it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectFamilies } from '../../src/collectors/collect.ts';
import { checkBody, encodeText } from '../../src/exposition/index.ts';
import { agentPolicy } from '../../src/shim/agent/agent-policy.ts';
import { answerInChunks, startFakeShim } from './fake-shim.ts';
import { pickUrl, runProgram } from './run-program.ts';
import { guestTreeCollectors, hostTreeCollectors } from './tree-collectors.ts';

export const goldenPath = join(import.meta.dirname, '../fixtures/golden/metrics.txt');

const tree = join(import.meta.dirname, '../fixtures/procfs/6.12');

const hostCollectors = (['kata_hypervisor_', 'kata_shim_'] as const).flatMap(hostTreeCollectors);

/** Of the monitor's process, or with a time in the value: no two responses have the same. */
const differs = /^(?:kata_monitor_|kata_sandbox_(?:created_|last_success_age_|scrape_duration_|state_start_))/;

/** As a shim makes it: what it passes on of an agent that reads the tree, and its own families of the same tree. */
async function makeBody(): Promise<Buffer> {
  const context = { procfs: { root: tree }, pageSizeBytes: 4096 };
  const guest = await collectFamilies(guestTreeCollectors, context);
  const host = await collectFamilies(hostCollectors, context);
  const { body, refused } = checkBody(encodeText(guest.families), agentPolicy);
  const problems = [...guest.problems, ...host.problems];
  if (problems.length > 0 || refused.size > 0) {
    throw new Error(`Cannot read "${tree}": ${JSON.stringify([problems, [...refused]])}`);
  }
  return Buffer.concat([encodeText(host.families), body]);
}

/** Whole families of the response, in its order, without those that differ each time. */
export async function makeGoldenResponse(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'kg-'));
  await mkdir(join(root, 'golden'));
  const shim = await startFakeShim(join(root, 'golden/shim-monitor.sock'), answerInChunks(await makeBody()));
  const monitor = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${root}`,
    `--runtime-endpoint=${root}/none`,
  ]);
  try {
    const url = await monitor.waitForLine(pickUrl);
    const response = await fetch(`${url}/metrics`);
    if (!response.ok) {
      throw new Error(`Cannot get ${url}/metrics: ${response.status}`);
    }
    const families = (await response.text()).split(/^(?=# HELP )/m);
    return families.filter((family) => !differs.test(family.slice('# HELP '.length))).join('');
  } finally {
    await monitor.stop();
    await shim.close();
    await rm(root, { recursive: true });
  }
}
