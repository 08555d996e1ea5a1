/**
 * Processes of this machine that are left to this process, as crun leaves its containers to the agent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Libc, loadLibc } from '../../transport/index.ts';
import { ChildReaper, leaveToNode } from './child-reaper.ts';

let libc: Libc;
let reaper: ChildReaper;

beforeEach(async () => {
  libc = await loadLibc();
  reaper = new ChildReaper(libc);
});

afterEach(() => reaper.close());

interface LeftProcess {
  readonly pid: number;
  /** Lets it run the command. */
  readonly go: () => void;
}

/** Starts a process whose parent ends at once, and that waits before it runs the command. */
async function leave(command: string): Promise<LeftProcess> {
  const script = `sh -c 'read -r line; ${command}' <&3 >/dev/null 2>&1 & echo $!`;
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
  leaveToNode(child);
  const [output] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  return { pid: Number(output), go: () => (child.stdio[3] as Socket).end('\n') };
}

it.each([
  ['exit 0', 0],
  ['exit 7', 7],
  ['kill -9 $$', 137],
  ['kill -TERM $$', 143],
])('knows how "%s" ended', async (command, status) => {
  const { pid, go } = await leave(command);
  const ended = reaper.wait(pid);
  go();
  expect(await ended).toBe(status);
});

it('knows the exit of a child that ended before the query', async () => {
  const { pid, go } = await leave('exit 3');
  go();
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 20_000);
  expect(await reaper.wait(pid)).toBe(3);
});

it('leaves children of Node.js to it', async () => {
  const child = spawn('/bin/sh', ['-c', 'exit 5']);
  leaveToNode(child);
  expect(await once(child, 'exit')).toEqual([5, null]);
});

it('gives 255 for a process that is no child', async () => {
  expect(await reaper.wait(1)).toBe(255);
});
