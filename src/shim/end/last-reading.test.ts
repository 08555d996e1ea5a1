import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type LastWords,
  lastWordsFileName,
  MAX_MAILBOX_FILES,
  mailboxOf,
  openMailbox,
  readLastWords,
} from '../../last-words/index.ts';
import { createProcfs } from '../../procfs/index.ts';
import { StatsContainerResponseSchema } from '../../proto/index.ts';
import { parseAddress } from '../../transport/index.ts';
import type { AgentResult, StatsResult } from '../agent/agent-result.ts';
import type { Hypervisor, SandboxEnd } from '../hypervisors/hypervisor.ts';
import { epochOf } from './guard-words.ts';
import { LastReading } from './last-reading.ts';

const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: (message: string) => void warnings.push(message), error: nothing };
const failed = { kind: 'failed', reason: 'connect', message: 'There is no guest' } as const;

let root: string;
let warnings: string[];
beforeEach(() => {
  warnings = [];
  root = mkdtempSync(join(tmpdir(), 'last-reading-'));
  mkdirSync(mailboxOf(root));
  openMailbox(mailboxOf(root));
});
afterEach(() => rmSync(root, { recursive: true }));

interface Guest {
  readonly metrics: AgentResult;
  readonly stats: StatsResult;
}

/** This process stands for the hypervisor. */
function openReading(end: Promise<SandboxEnd> | undefined, startedMs = Date.now()): LastReading {
  const hypervisor: Hypervisor = {
    identity: {
      hypervisor: 'qemu',
      version: undefined,
      machine: undefined,
      accelerator: undefined,
      guestKernel: undefined,
    },
    pid: process.pid,
    virtiofsdPid: undefined,
    agentAddress: parseAddress('unix:///none'),
    collectors: [],
    guestUse: { kind: 'agent' },
    otherPids: () => [],
    ended: end ?? new Promise<SandboxEnd>(nothing),
    stop: () => Promise.resolve(),
  };
  return new LastReading({
    root,
    sandboxId: 'one',
    procfs: createProcfs(),
    hypervisor,
    cgroup: undefined,
    shimSecondsOutside: undefined,
    shimCgroup: undefined,
    countedNs: 0,
    startedMs,
    log,
  });
}

async function finish(
  reading: LastReading,
  { metrics, stats }: Guest,
  stop: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await reading.readBefore({
    getMetrics: () => Promise.resolve(metrics),
    statsContainer: (id) => Promise.resolve(id === 'kata' ? stats : failed),
  });
  await stop();
  await reading.readAfter();
  await reading.leave(undefined);
}

it.each<[string, SandboxEnd]>([
  ['was shut down', { reason: 'QEMU ended with code 0', isFailure: false }],
  ['was killed', { reason: 'QEMU was ended by SIGKILL', isFailure: true }],
])('says that a sandbox was stopped whose hypervisor %s by that', async (_what, end) => {
  const { promise, resolve } = Promise.withResolvers<SandboxEnd>();
  const reading = openReading(promise);
  await finish(reading, { metrics: failed, stats: failed }, async () => {
    resolve(end);
    await promise;
  });
  const [name] = readdirSync(mailboxOf(root)).filter((each) => each.endsWith('.json'));
  expect(readLastWords(join(mailboxOf(root), name!), Date.now()).words).toMatchObject({
    reason: 'stopped',
    message: '',
  });
});

/** What a sandbox leaves that ends in this way. */
async function endSandbox(guest: Guest, end?: SandboxEnd): Promise<LastWords> {
  const ended = end && Promise.resolve(end);
  const reading = openReading(ended);
  // It has been told of the end before it is read.
  await ended;
  await finish(reading, guest);
  const [name] = readdirSync(mailboxOf(root)).filter((each) => each.endsWith('.json'));
  return readLastWords(join(mailboxOf(root), name!), Date.now()).words;
}

const text = Buffer.from(
  '# HELP kata_guest_cpu_time x\n# TYPE kata_guest_cpu_time gauge\nkata_guest_cpu_time{cpu="total",item="user"} 1500\n',
);

function statsOf(maxUsage: bigint): StatsResult {
  const usage = { usage: 1n, maxUsage };
  return {
    kind: 'ok',
    stats: create(StatsContainerResponseSchema, { cgroupStats: { memoryStats: { usage } } }),
  };
}

it.each<[string, Guest, number | undefined]>([
  ['as its kernel remembers it', { metrics: { kind: 'ok', text }, stats: statsOf(123_456_789n) }, 123_456_789],
  ['although its metrics are missing', { metrics: failed, stats: statsOf(4096n) }, 4096],
  ['unless its kernel has none', { metrics: { kind: 'ok', text }, stats: statsOf(0n) }, undefined],
  ['unless its agent has no such cgroup', { metrics: { kind: 'ok', text }, stats: failed }, undefined],
  ['unless it lies', { metrics: failed, stats: statsOf(2n ** 64n - 1n) }, undefined],
])('has the peak of the memory of all containers, %s', async (_what, guest, memoryPeakBytes) => {
  const { values, reason } = await endSandbox(guest);
  expect([values.memoryPeakBytes, reason]).toEqual([memoryPeakBytes, 'stopped']);
  expect(values.hostMemoryPeakBytes).toBeGreaterThan(1e6);
});

it.each<[string, SandboxEnd, string]>([
  ['booting, or that was shut down', { reason: 'QEMU ended with code 0', isFailure: false }, 'finished'],
  ['whose hypervisor was killed', { reason: 'QEMU was ended by SIGKILL', isFailure: true }, 'failed'],
  ['that panicked', { reason: 'QEMU ended with code 0', isFailure: true, isGuestPanic: true }, 'panicked'],
])('says how a sandbox ended %s, without a question to its guest', async (_what, end, reason) => {
  const never = { metrics: { kind: 'ok', text }, stats: statsOf(4096n) } as const;
  const { values, ...words } = await endSandbox(never, end);
  expect(words).toMatchObject({ sandboxId: 'one', reason, message: end.reason });
  expect([values.cpuSeconds, values.memoryPeakBytes]).toEqual([undefined, undefined]);
});

it.each<[string, (path: string) => void, readonly string[]]>([
  ['closed', () => rmSync(join(mailboxOf(root), 'open')), []],
  ['removed', () => rmSync(mailboxOf(root), { recursive: true }), []],
  [
    'full',
    () => {
      for (let i = 0; i < MAX_MAILBOX_FILES; i++) {
        writeFileSync(join(mailboxOf(root), `${i}`), '');
      }
    },
    ['The final values of the sandbox are lost: the mailbox of the monitor is full'],
  ],
  [
    'not for writing',
    (path) => mkdirSync(`${path}.new`),
    [expect.stringMatching(/^Cannot read the final values of the shim: .*EISDIR/)],
  ],
])('ends all the same with a mailbox that is %s', async (_what, change, expected) => {
  const startedMs = Date.now();
  change(join(mailboxOf(root), lastWordsFileName({ sandboxId: 'one', epoch: epochOf(startedMs) })));
  await finish(openReading(undefined, startedMs), { metrics: failed, stats: failed });
  expect(warnings).toEqual(expected);
});

it.each<[string, AgentResult]>([
  ['paused or unresponsive', { kind: 'failed', reason: 'deadline', message: 'late' }],
  ['that was slow in an earlier request', { kind: 'ok', text, isLate: true }],
  ['that sends nonsense', { kind: 'ok', text: Buffer.from('kata_guest_cpu_time{ 1\n\0') }],
])('of a guest %s has the values of the host', async (_what, metrics) => {
  const { values, reason } = await endSandbox({ metrics, stats: failed });
  expect([reason, values.cpuSeconds]).toEqual(['stopped', undefined]);
  expect(values.hostCpuSeconds).toBeGreaterThan(0);
});
