import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileTree } from '../../../test/support/file-tree.ts';
import type { CgroupHierarchy } from '../../procfs/index.ts';
import { OomEvents } from './oom-events.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-'));
});

afterEach(() => rm(folder, { recursive: true }));

const kinds: readonly [string, (folder: string) => CgroupHierarchy, (kills: number) => Record<string, string>][] = [
  ['v2', (root) => ({ kind: 'v2', root }), (kills) => ({ 'memory.events': `low 0\noom 1\noom_kill ${kills}\n` })],
  [
    'v1',
    (root) => ({ kind: 'v1', roots: new Map([['memory', root]]) }),
    (kills) => ({ 'memory.oom_control': `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n` }),
  ],
];

describe.each(kinds)('GetOOMEvent over cgroup %s', (_kind, hierarchyIn, filesOf) => {
  const containers = new Map<string, string>();
  /** What happens while a call waits, one step a look. */
  let steps: (() => void)[] = [];

  beforeEach(() => {
    containers.clear();
    steps = [];
  });

  const set = (id: string, kills: number): void => {
    containers.set(id, `/${id}`);
    writeFileTree(join(folder, id), filesOf(kills));
  };
  const makeEvents = (): OomEvents =>
    new OomEvents({
      hierarchy: hierarchyIn(folder),
      finder: { list: () => containers },
      wait: async (signal) => {
        const step = steps.shift();
        step?.();
        signal.throwIfAborted();
        if (step === undefined) {
          throw new Error('It went on waiting');
        }
      },
    });
  const { signal } = new AbortController();

  it('responds when a process is killed, with the id of its container', async () => {
    set('web', 0);
    set('db', 7);
    steps = [() => undefined, () => set('db', 8)];
    expect(await makeEvents().next(signal)).toEqual({ containerId: 'db' });
  });

  it('reports each kill once, also one between two calls', async () => {
    set('web', 3);
    const events = makeEvents();
    await expect(events.next(signal)).rejects.toThrow('It went on waiting');
    set('web', 4);
    expect(await events.next(signal)).toEqual({ containerId: 'web' });
    await expect(events.next(signal)).rejects.toThrow('It went on waiting');
  });

  it('reports a kill in a container that is new', async () => {
    steps = [() => set('web', 1)];
    expect(await makeEvents().next(signal)).toEqual({ containerId: 'web' });
  });

  it('waits where nothing can be read, and ends with the call', async () => {
    containers.set('gone', '/gone');
    const call = new AbortController();
    steps = [() => call.abort(new Error('The caller has gone'))];
    await expect(makeEvents().next(call.signal)).rejects.toThrow('The caller has gone');
  });
});

it('waits where there are no cgroups', async () => {
  const events = new OomEvents({
    hierarchy: undefined,
    finder: undefined,
    wait: () => Promise.reject(new Error('It waits')),
  });
  await expect(events.next(new AbortController().signal)).rejects.toThrow('It waits');
});
