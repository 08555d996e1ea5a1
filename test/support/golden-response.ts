/**
 * The response of a kata-monitor to one sandbox whose /proc is a fixed tree: the same bytes on every machine. Used by the
 * test of the golden response and by `npm run golden`, which rewrites it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectAgentIo, collectAgentStat, collectAgentStatus } from '../../src/collectors/agent-process.ts';
import { collectFamilies } from '../../src/collectors/collect.ts';
import { collectGuestCpu } from '../../src/collectors/guest-cpu.ts';
import { collectGuestDisk } from '../../src/collectors/guest-disk.ts';
import { collectGuestLoad } from '../../src/collectors/guest-load.ts';
import { collectGuestMemory } from '../../src/collectors/guest-memory.ts';
import { collectGuestNet } from '../../src/collectors/guest-net.ts';
import { collectGuestVmStat } from '../../src/collectors/guest-vm-stat.ts';
import { checkBody, encodeText } from '../../src/exposition/index.ts';
import { agentPolicy } from '../../src/shim/agent/agent-policy.ts';
import { answerInChunks, startFakeShim } from './fake-shim.ts';
import { pickUrl, runProgram } from './run-program.ts';

export const goldenPath = join(import.meta.dirname, '../fixtures/golden/metrics.txt');

const tree = join(import.meta.dirname, '../fixtures/procfs/6.12');

const collectors = [
  { name: 'cpu', collect: collectGuestCpu },
  { name: 'disk', collect: collectGuestDisk },
  { name: 'load', collect: collectGuestLoad },
  { name: 'memory', collect: collectGuestMemory },
  { name: 'net', collect: collectGuestNet },
  { name: 'vm-stat', collect: collectGuestVmStat },
  { name: 'agent-io', collect: collectAgentIo },
  { name: 'agent-stat', collect: collectAgentStat },
  { name: 'agent-status', collect: collectAgentStatus },
];

/** Of the monitor's process, or with a time in the value: no two responses have the same. */
const differs = /^(?:kata_monitor_|kata_sandbox_(?:created_|last_success_age_|scrape_duration_))/;

/** What a shim passes on of an agent that reads the tree. */
async function makeBody(): Promise<Buffer> {
  const { families, problems } = await collectFamilies(collectors, { procfs: { root: tree }, pageSizeBytes: 4096 });
  const { body, refused } = checkBody(encodeText(families), agentPolicy);
  if (problems.length > 0 || refused.size > 0) {
    throw new Error(`Cannot read "${tree}": ${JSON.stringify([problems, [...refused]])}`);
  }
  return body;
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
