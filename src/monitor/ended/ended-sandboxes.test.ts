import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toSandboxLabels } from '../../cri/index.ts';
import { type LastWords, leaveDetached, leaveLastWords, mailboxOf } from '../../last-words/index.ts';
import type { Clock } from '../../program/index.ts';
import { type Sandbox, sandboxIn } from '../../sandboxes/index.ts';
import { EndedSandboxes } from './ended-sandboxes.ts';
import type { FinalSandbox } from './final-sandbox.ts';
import type { PodCgroupValues } from './pod-cgroup.ts';

let root: string;
let nowMs: number;
/** Added to it, the time of a clock that is never set. */
let steadyMs: number;
let podCgroups: Map<string, PodCgroupValues>;
let ended: EndedSandboxes;
let warnings: string[];
const opened: EndedSandboxes[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ended-'));
  nowMs = Date.now();
  steadyMs = 0;
  podCgroups = new Map();
  warnings = [];
});

afterEach(() => {
  for (const each of opened.splice(0)) {
    each.close();
  }
  rmSync(root, { recursive: true });
});

const clock: Clock = { nowMs: () => nowMs, after: () => () => undefined };
const pod = { id: 'x', uid: 'u1', name: 'web', namespace: 'team-a', createdNs: undefined, labels: {} };

async function start(stateDirectory?: string): Promise<EndedSandboxes> {
  ended = new EndedSandboxes({
    sandboxesRoots: [root, join(root, 'missing')],
    stateDirectory,
    podOf: (id) => ({
      labels: toSandboxLabels(id, id.startsWith('pod') ? pod : undefined),
      runtimeHandler: id.startsWith('pod') ? 'kata' : '',
      createdMs: undefined,
    }),
    isListed: () => false,
    log: {
      info: () => undefined,
      warn: (fields, message) => void warnings.push(`${message}: ${JSON.stringify(fields)}`),
    },
    clock,
    steadyMs: () => steadyMs + nowMs,
    podCgroups: { read: async (uid) => podCgroups.get(uid) ?? {} },
  });
  opened.push(ended);
  await ended.take();
  return ended;
}

/** As SIGKILL: nothing is written any more. The socket of a process that is gone refuses connections. */
async function killAndStart(stateDirectory?: string): Promise<void> {
  const state = readFileSync(statePath(stateDirectory));
  const left = new Map(readdirSync(mailboxOf(root)).map((name) => [name, contentOf(name)] as const));
  ended.close();
  writeFileSync(statePath(stateDirectory), state);
  for (const [name, content] of left) {
    if (content !== undefined) {
      writeFileSync(join(mailboxOf(root), name), content);
    }
  }
  await start(stateDirectory);
}

function contentOf(name: string): Buffer | undefined {
  return name.endsWith('.json') && name !== 'state.json' ? readFileSync(join(mailboxOf(root), name)) : undefined;
}

const statePath = (directory = mailboxOf(root)): string => join(directory, 'state.json');

function leave(sandboxId: string, changes: Partial<LastWords> = {}): void {
  const words: LastWords = {
    sandboxId,
    epoch: 'e1',
    reason: 'stopped',
    message: '',
    startedMs: nowMs - 2000,
    endedMs: nowMs,
    pod: undefined,
    values: { cpuSeconds: 0.5, hostCpuSeconds: 1 },
    ...changes,
  };
  expect(leaveLastWords(root, words)).toBe(true);
}

const idsOf = (finals: readonly FinalSandbox[]): string[] => finals.map(({ words }) => words.sandboxId);

/** What a scraper gets, and has read. */
async function scrape(scraper = 'prometheus', isComplete = true) {
  await ended.take();
  const report = ended.report(scraper);
  if (isComplete) {
    report.seen();
  }
  const count = report.totals.flatMap((total) => Object.values(total.count)).reduce((sum, each) => sum + each, 0);
  const cpuSeconds = report.totals.reduce((sum, { sums }) => sum + (sums.cpuSeconds ?? 0), 0);
  return { ids: idsOf(report.finals), count, cpuSeconds, dropped: Object.fromEntries(report.dropped), report };
}

describe('ended sandboxes', () => {
  it('are read by each scraper once, in the order of their ends', async () => {
    await start();
    await scrape('a');
    await scrape('b');
    leave('one');
    expect(await scrape('a', false)).toMatchObject({ ids: ['one'], count: 1 });
    leave('two');
    expect((await scrape('a')).ids).toEqual(['one', 'two']);
    expect((await scrape('a')).ids).toEqual([]);
    expect((await scrape('b')).ids).toEqual(['one', 'two']);
    // Every scraper has read them: a new one gets only later ones.
    expect((await scrape('c')).ids).toEqual([]);
    expect(await scrape('a')).toMatchObject({ ids: [], count: 2, cpuSeconds: 1, dropped: {} });
  });

  it('come in parts', async () => {
    await start();
    for (let i = 0; i < 120; i++) {
      leave(`s${i}`);
    }
    const parts = [await scrape(), await scrape(), await scrape(), await scrape()];
    expect(parts.map(({ ids }) => ids.length)).toEqual([100, 20, 0, 0]);
    expect(new Set(parts.flatMap(({ ids }) => ids)).size).toBe(120);
  });

  it('do not wait for a scraper that has been away for some minutes', async () => {
    await start();
    await scrape('gone');
    nowMs += 5 * 60_000 + 1;
    leave('one');
    expect((await scrape('a')).ids).toEqual(['one']);
    await ended.take();
    expect((await scrape('b')).ids).toEqual([]);
  });

  it('are dropped and counted after some minutes, but stay in the totals', async () => {
    await start();
    leave('old');
    await ended.take();
    nowMs += 10 * 60_000 + 1;
    expect(await scrape()).toMatchObject({ ids: [], count: 1, dropped: { age: 1 } });
  });

  it('have the labels of the pod, from the container manager or from the shim', async () => {
    await start();
    leave('pod-1');
    leave('other', { pod: { uid: 'u2', name: 'job', namespace: 'team-b' } });
    leave('none');
    const { report } = await scrape();
    const labels = new Map(report.finals.map((final) => [final.words.sandboxId, final]));
    expect(labels.get('pod-1')).toMatchObject({ labels: { cri_namespace: 'team-a' }, runtimeHandler: 'kata' });
    expect(labels.get('other')).toMatchObject({
      labels: { cri_namespace: 'team-b', cri_name: 'job' },
      runtimeHandler: '',
    });
    expect(report.totals.map(({ namespace, runtimeHandler }) => [namespace, runtimeHandler]).sort()).toEqual([
      ['', ''],
      ['team-a', 'kata'],
      ['team-b', ''],
    ]);
  });

  it('are passed on in this process', async () => {
    await start();
    const seen: string[] = [];
    const stop = ended.onFinal(({ words }) => seen.push(words.sandboxId));
    leave('one');
    await ended.take();
    await ended.take();
    stop();
    leave('two');
    await ended.take();
    expect(seen).toEqual(['one']);
  });

  it('without last words have the values of nothing, some seconds after they vanished', async () => {
    await start();
    const sandbox: Sandbox = sandboxIn(root, 'foreign', nowMs - 5000);
    ended.noteChange({ vanished: [sandbox] });
    expect((await scrape()).ids).toEqual([]);
    nowMs += 3000;
    const { report, ids } = await scrape();
    expect(ids).toEqual(['foreign']);
    expect(report.finals[0]!.words).toMatchObject({ reason: 'unknown', values: {}, startedMs: nowMs - 8000 });
  });

  it('with last words are not counted again when they vanish, before or after', async () => {
    await start();
    leave('early');
    await ended.take();
    ended.noteChange({ vanished: [sandboxIn(root, 'early', nowMs), sandboxIn(root, 'late', nowMs)] });
    leave('late');
    nowMs += 3000;
    expect(await scrape()).toMatchObject({ ids: ['early', 'late'], count: 2 });
    nowMs += 3000;
    expect(await scrape()).toMatchObject({ ids: [], count: 2 });
  });
});

describe('a repeated end', () => {
  const foreign = (id: string): Sandbox => sandboxIn(root, id, nowMs - 5000);
  const vanish = async (id: string): Promise<void> => {
    ended.noteChange({ vanished: [foreign(id)] });
    nowMs += 3000;
    await ended.take();
  };

  it.each<[string, Partial<LastWords>]>([
    ['the same shim', {}],
    ['two shims that were attached to one sandbox', { reason: 'unknown', values: {} }],
  ])('from %s is counted once, also over a restart', async (_what, changes) => {
    await start();
    leave('one', changes);
    await ended.take();
    leave('one', changes);
    expect(await scrape()).toMatchObject({ ids: ['one'], count: 1 });
    await killAndStart();
    leave('one', changes);
    expect((await scrape()).count).toBe(1);
    expect(existsSync(join(mailboxOf(root), 'one.e1.json'))).toBe(false);
  });

  it('of a sandbox whose words come late is counted once', async () => {
    await start();
    await vanish('late');
    expect((await scrape()).count).toBe(1);
    leave('late', { startedMs: nowMs - 60_000 });
    expect(await scrape()).toMatchObject({ ids: [], count: 1 });
  });

  it('of a sandbox whose directory is removed after a restart is counted once', async () => {
    await start();
    leave('killed', { reason: 'shim_killed' });
    await ended.take();
    nowMs += 3600_000;
    await killAndStart();
    await vanish('killed');
    expect((await scrape()).count).toBe(1);
  });

  it('is not that of the next sandbox with the same id', async () => {
    await start();
    leave('one');
    await ended.take();
    nowMs += 10_000;
    leave('one', { epoch: 'e2' });
    expect(await scrape()).toMatchObject({ ids: ['one', 'one'], count: 2, cpuSeconds: 1 });
  });

  it('is none where the sandbox goes on without its shim', async () => {
    await start();
    for (const order of ['before', 'after']) {
      leaveDetached(root, { sandboxId: order, epoch: 't1' });
      if (order === 'before') {
        await ended.take();
      }
      await vanish(order);
    }
    expect(await scrape()).toMatchObject({ ids: [], count: 0 });
    expect(readdirSync(mailboxOf(root)).filter((name) => name.endsWith('.detached'))).toEqual([]);
    leave('after', { epoch: 't1', reason: 'unknown' });
    expect(await scrape()).toMatchObject({ ids: ['after'], count: 1 });
  });
});

describe('a sandbox of another runtime', () => {
  it('has the CPU time and the peak of the cgroup of its pod, as long as that is there', async () => {
    await start();
    podCgroups.set('u1', { hostCpuSeconds: 7, hostMemoryPeakBytes: 4096 });
    ended.noteChange({ vanished: [sandboxIn(root, 'pod-1', nowMs - 5000), sandboxIn(root, 'none', nowMs - 5000)] });
    nowMs += 3000;
    const { report } = await scrape();
    const values = Object.fromEntries(report.finals.map(({ words }) => [words.sandboxId, words.values]));
    expect(values).toEqual({ 'pod-1': { hostCpuSeconds: 7, hostMemoryPeakBytes: 4096 }, none: {} });
    // The next one of the pod: the cgroup has counted both.
    ended.noteChange({ vanished: [sandboxIn(root, 'pod-2', nowMs)] });
    nowMs += 3000;
    const next = await scrape();
    expect(next.report.finals.map(({ words }) => [words.sandboxId, words.values])).toEqual([['pod-2', {}]]);
  });
});

describe('a clock that is set', () => {
  const HOUR_MS = 3600_000;

  it.each([
    ['back', -HOUR_MS],
    ['forward', HOUR_MS],
  ])('%s drops nothing and delays nothing', async (_direction, jumpMs) => {
    await start();
    await scrape('slow');
    leave('one');
    await ended.take();
    ended.noteChange({ vanished: [sandboxIn(root, 'foreign', nowMs - 5000)] });
    nowMs += jumpMs;
    steadyMs -= jumpMs;
    leave('two', { startedMs: nowMs - jumpMs - 2000, endedMs: nowMs - jumpMs });
    expect(await scrape()).toMatchObject({ ids: ['one', 'two'], count: 2, dropped: {} });
    nowMs += 3000;
    expect(await scrape()).toMatchObject({ ids: ['foreign'], count: 3, dropped: {} });
    expect((await scrape('slow')).ids).toEqual(['one', 'two', 'foreign']);
  });
});

describe('the state', () => {
  it('survives kill -9', async () => {
    await start();
    leave('one');
    expect(await scrape()).toMatchObject({ ids: ['one'], count: 1 });
    await killAndStart();
    leave('two');
    const after = await scrape();
    expect(after).toMatchObject({ count: 2, cpuSeconds: 1 });
    // The first one again, because what a scraper has read is not written for its own sake; it is the same.
    expect(after.ids).toContain('two');
  });

  // Where the monitor may be killed: what is on disk then.
  it.each<[string, 'before' | 'between']>([
    ['after reading, before the state is written', 'before'],
    ['after writing the state, before the file is removed', 'between'],
  ])('counts a sandbox once when killed %s', async (_when, point) => {
    await start();
    leave('zero');
    await ended.take();
    const file = join(mailboxOf(root), 'one.e1.json');
    const stateBefore = readFileSync(statePath());
    leave('one');
    const content = readFileSync(file);
    await ended.take();
    ended.close();
    // Back to what a kill would have left.
    writeFileSync(file, content);
    if (point === 'before') {
      writeFileSync(statePath(), stateBefore);
    }
    await start();
    expect(await scrape()).toMatchObject({ count: 2, cpuSeconds: 1 });
    expect(readdirSync(mailboxOf(root)).filter((name) => name.startsWith('one'))).toEqual([]);
    await killAndStart();
    expect(await scrape()).toMatchObject({ count: 2, cpuSeconds: 1 });
  });

  it('is in a directory that is separate where one is given', async () => {
    const directory = join(root, 'state/of/monitor');
    await start(directory);
    leave('one');
    await ended.take();
    expect(readdirSync(directory)).toContain('state.json');
    await killAndStart(directory);
    expect((await scrape()).count).toBe(1);
  });

  it('that cannot be used is kept beside, and said', async () => {
    await start();
    leave('one');
    await ended.take();
    ended.close();
    writeFileSync(statePath(), '{"version":2}\n');
    await start();
    expect(warnings).toEqual([expect.stringContaining('its version must be 1, got 2')]);
    expect(readdirSync(mailboxOf(root))).toContain('state.json.bad');
    leave('two');
    expect(await scrape()).toMatchObject({ ids: ['two'], count: 1 });
  });

  it('is not lost by a clock that was set back', async () => {
    await start();
    leave('one');
    await ended.take();
    nowMs -= 365 * 24 * 3600_000;
    await killAndStart();
    expect(await scrape()).toMatchObject({ ids: ['one'], count: 1, dropped: {} });
    expect(warnings).toEqual([]);
  });

  it('whose end is missing has lost the sandbox there, and not the totals', async () => {
    await start();
    leave('one');
    leave('two');
    await ended.take();
    ended.close();
    writeFileSync(statePath(), readFileSync(statePath(), 'utf8').slice(0, -20));
    await start();
    const { ids, count, dropped } = await scrape();
    expect([ids.length, count, dropped]).toEqual([1, 2, { invalid: 1 }]);
  });

  it('removes only files that can be last words', async () => {
    const others = ['precious.e1.json', '.last-words/precious', '.last-words/../precious.e1.json'];
    await start();
    leave('one');
    await ended.take();
    ended.close();
    for (const name of others) {
      writeFileSync(join(root, name), '');
    }
    const [head = '', ...rest] = readFileSync(statePath(), 'utf8').split('\n');
    const consumed = others.map((name) => `${root}/${name}`);
    writeFileSync(statePath(), [JSON.stringify({ ...JSON.parse(head), consumed }), ...rest].join('\n'));
    await start();
    await scrape();
    expect(others.map((name) => existsSync(join(root, name)))).toEqual([true, true, true]);
  });

  it('that cannot be written is logged once, and written later', async () => {
    await start();
    const blocker = `${statePath()}.new`;
    mkdirSync(blocker);
    leave('one');
    expect(await scrape()).toMatchObject({ ids: ['one'], count: 1 });
    expect(await scrape()).toMatchObject({ count: 1 });
    expect(warnings).toEqual([expect.stringContaining('Cannot keep the totals of ended sandboxes')]);
    // Until the state has it, the file stays.
    expect(existsSync(join(mailboxOf(root), 'one.e1.json'))).toBe(true);
    rmdirSync(blocker);
    expect(await scrape()).toMatchObject({ count: 1 });
    expect(existsSync(join(mailboxOf(root), 'one.e1.json'))).toBe(false);
  });

  it.each([
    ['the sandboxes root', () => root, undefined],
    ['the mailbox', () => mailboxOf(root), undefined],
    ['the directory of the state', () => join(root, 'state'), 'state'],
  ])('is kept when %s was removed and made again', async (_what, removed, stateDirectory) => {
    const directory = stateDirectory && join(root, stateDirectory);
    await start(directory);
    leave('one');
    await scrape();
    rmSync(removed(), { recursive: true });
    await ended.take();
    mkdirSync(root, { recursive: true });
    await ended.take();
    leave('two');
    expect(await scrape()).toMatchObject({ ids: ['two'], count: 2 });
    await killAndStart(directory);
    expect(await scrape()).toMatchObject({ count: 2, cpuSeconds: 1 });
    expect(warnings).toEqual([]);
  });

  it('belongs to one monitor at a time', async () => {
    const first = await start();
    leave('one');
    await start();
    expect(warnings).toEqual([expect.stringContaining('Another monitor uses')]);
    expect((await scrape()).count).toBe(0);
    ended = first;
    expect((await scrape()).count).toBe(1);
  });
});

describe('a file that no shim has written', () => {
  it('costs only itself', async () => {
    await start();
    const mailbox = mailboxOf(root);
    writeFileSync(join(mailbox, 'bad.e1.json'), 'nonsense');
    symlinkSync('/etc/passwd', join(mailbox, 'link.e1.json'));
    mkdirSync(join(mailbox, 'directory.e1.json'));
    writeFileSync(join(mailbox, 'foreign'), '');
    leave('good');
    expect(await scrape()).toMatchObject({ ids: ['good'], count: 1, dropped: { invalid: 3 } });
    expect(await scrape()).toMatchObject({ ids: [], count: 1, dropped: { invalid: 3 } });
    // The directory and the foreign file stay, and are reported once.
    expect(readdirSync(mailbox).sort()).toEqual(['directory.e1.json', 'foreign', 'monitor.sock', 'open', 'state.json']);
    expect(warnings.length).toBe(4);
  });

  it('does not keep others from being counted and kept, whatever stands for the count of refused ones', async () => {
    await start();
    mkdirSync(join(mailboxOf(root), 'refused'));
    leave('good');
    expect(await scrape()).toMatchObject({ ids: ['good'], count: 1 });
    await scrape();
    expect(warnings).toEqual([expect.stringContaining('must be a regular file')]);
    await killAndStart();
    expect((await scrape()).count).toBe(1);
  });

  it('with a value that cannot be loses that value', async () => {
    await start();
    leave('liar', { values: { cpuSeconds: 1e12, hostCpuSeconds: 1 } });
    const { report } = await scrape();
    expect(report.finals[0]!.words.values).toEqual({ hostCpuSeconds: 1 });
    expect(warnings).toEqual([expect.stringContaining('must be a number from 0 to 2048')]);
  });
});
