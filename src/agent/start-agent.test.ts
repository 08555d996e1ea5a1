import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { catalog, findFamily } from '../catalog/index.ts';
import { scan } from '../exposition/index.ts';
import { AgentService, Health, ServingStatus } from '../proto/index.ts';
import { type Address, dial } from '../transport/index.ts';
import { Code, TtrpcClient } from '../ttrpc/index.ts';
import { type AgentOptions, type RunningAgent, startAgent } from './start-agent.ts';

let folder: string;
let address: Address;
let agent: RunningAgent;
let client: TtrpcClient;
let debugged: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-'));
  address = { kind: 'unix', path: join(folder, 'agent.sock') };
  debugged = [];
});

afterEach(async () => {
  client.close();
  await agent.close();
  await rm(folder, { recursive: true });
});

async function start(options: Partial<AgentOptions> = {}): Promise<void> {
  agent = await startAgent({ listen: address, version: '1.2.3', onDebug: (line) => debugged.push(line), ...options });
  client = new TtrpcClient(await dial(address));
}

async function getText(): Promise<string> {
  const { metrics } = await client.unary(AgentService.method.getMetrics, {});
  return Buffer.from(metrics).toString();
}

const namesIn = (text: string): string[] => scan(Buffer.from(text)).form.families.map(({ name }) => name);

describe('the agent', () => {
  it('responds with all families of the agent and the guest, by name', async () => {
    await start();
    const text = await getText();
    const names = namesIn(text);
    expect(scan(Buffer.from(text)).faults.described).toEqual([]);
    const isOfGuest = (name: string) => ['agent', 'guest'].includes(findFamily(name)?.component ?? '');
    // Not there: without skipped lines, without containers, and without a kernel that has PSI.
    const isAbsent = (name: string) =>
      name === 'kata_agent_skipped_lines' ||
      name.startsWith('kata_guest_container_') ||
      (name.startsWith('kata_guest_pressure_') && !existsSync('/proc/pressure/cpu'));
    const always = Object.keys(catalog).filter((name) => isOfGuest(name) && !isAbsent(name));
    expect(names).toEqual(always.toSorted());
    expect(debugged).toEqual([]);
  });

  it('waits with GetOOMEvent for as long as the caller does', async () => {
    await start();
    const call = client.unary(AgentService.method.getOOMEvent, {}, { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ code: Code.deadlineExceeded });
    expect(await getText()).toContain('\nkata_agent_scrape_count 1\n');
  });

  it('counts the calls that it completed', async () => {
    await start();
    await Promise.all([getText(), getText(), getText()]);
    expect(await getText()).toContain('\nkata_agent_scrape_count 4\n');
  });

  it('leaves out what it cannot read, says so, and serves the rest', async () => {
    const root = join(folder, 'proc');
    await mkdir(join(root, 'self/fd'), { recursive: true });
    await writeFile(join(root, 'loadavg'), '0.01 0.02 0.03 2/345 678\n');
    await writeFile(join(root, 'meminfo'), 'not what it should be\n');
    await mkdir(join(root, 'vmstat'));
    const skipped: string[] = [];
    await start({ procRoot: root, onSkipped: (line) => skipped.push(line) });
    const text = await getText();
    expect(namesIn(text)).toEqual([
      'kata_agent_process_open_fds',
      'kata_agent_scrape_count',
      'kata_agent_skipped_lines',
      'kata_guest_load',
      'kata_guest_tasks',
    ]);
    expect(text).toContain('\nkata_guest_load{item="load15"} 0.03\n');
    expect(text).toContain('\nkata_guest_tasks{item="max"} 345\n');
    expect(text).toContain('\nkata_agent_skipped_lines{file="meminfo"} 1\n');
    expect(await getText()).toContain('\nkata_agent_skipped_lines{file="meminfo"} 2\n');
    // Once for each file, whatever the number of scrapes.
    expect(skipped.toSorted()).toEqual([
      expect.stringMatching(/^Cannot read ".*vmstat": EISDIR/),
      expect.stringMatching(/^Skipped a line of "meminfo": expected a name and a number, got "not what it should be"/),
    ]);
    expect(debugged).toContain('Collector "guest-cpu": Nothing to read here');
  });

  it('reads /proc only for a request', async () => {
    const root = join(folder, 'proc');
    await mkdir(root);
    await start({ procRoot: root });
    expect(namesIn(await getText())).toEqual(['kata_agent_scrape_count']);
    await writeFile(join(root, 'loadavg'), '0.01 0.02 0.03 2/345 678\n');
    expect(namesIn(await getText())).toContain('kata_guest_load');
  });

  it('says that it serves, and what it is', async () => {
    await start();
    expect(await client.unary(Health.method.check, {})).toMatchObject({ status: ServingStatus.SERVING });
    expect(await client.unary(Health.method.version, {})).toMatchObject({ agentVersion: '1.2.3' });
    const details = await client.unary(AgentService.method.getGuestDetails, {});
    expect(details).toMatchObject({ agentDetails: { version: '1.2.3' }, memBlockSizeBytes: 0n });
  });

  it('removes its socket when it is closed', async () => {
    await start();
    await agent.close();
    await agent.close();
    expect(existsSync(join(folder, 'agent.sock'))).toBe(false);
  });
});
