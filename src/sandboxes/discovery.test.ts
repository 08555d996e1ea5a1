import { mkdir, mkdtemp, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../program/index.ts';
import { Discovery, type DiscoveryChange, type DiscoveryOptions, type RootState } from './discovery.ts';

const NEVER = 3_600_000;

let folder: string;
let first: string;
let second: string;
let discovery: Discovery;
let changes: DiscoveryChange[];
let rootStates: RootState[];
let wake: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'discovery-'));
  first = join(folder, 'vc', 'sbs');
  second = join(folder, 'kata');
  changes = [];
  rootStates = [];
  wake = () => undefined;
});

afterEach(async () => {
  discovery.close();
  await rm(folder, { recursive: true });
});

/** Over both roots, by events only, unless told otherwise. */
function discover(more: Partial<DiscoveryOptions> = {}): Discovery {
  discovery = new Discovery({
    roots: [first, second],
    lookIntervalMs: NEVER,
    onChange: (change) => {
      changes.push(change);
      wake();
    },
    onRootState: (state) => {
      rootStates.push(state);
      wake();
    },
    ...more,
  });
  return discovery;
}

/** Waits until what discovery has told makes `condition` true. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

const ids = (): string[] => discovery.list().map((sandbox) => sandbox.id);
const hasIds =
  (...wanted: string[]) =>
  (): boolean =>
    ids().join() === wanted.join();
const make = (root: string, ...names: string[]): Promise<unknown> =>
  Promise.all(names.map((name) => mkdir(join(root, name), { recursive: true })));

/** Time that stands still until the test lets it go on. */
class StoppedClock implements Clock {
  readonly pending: { readonly delayMs: number; readonly run: () => void }[] = [];
  now = 1_000_000;
  nowMs(): number {
    return this.now;
  }
  after(delayMs: number, run: () => void): () => void {
    const entry = { delayMs, run };
    this.pending.push(entry);
    wake();
    return () => this.#remove(entry);
  }
  fire(delayMs: number): void {
    const entry = this.pending.find((candidate) => candidate.delayMs === delayMs);
    expect(entry).toBeDefined();
    this.#remove(entry!);
    entry!.run();
  }
  #remove(entry: StoppedClock['pending'][number]): void {
    const at = this.pending.indexOf(entry);
    this.pending.splice(at, at === -1 ? 0 : 1);
  }
}

describe('what is a sandbox', () => {
  it('is a directory with a valid name, in id order', async () => {
    await make(
      first,
      'b',
      'a.1',
      'B',
      '0'.repeat(64),
      'x'.repeat(128),
      '.hidden',
      '-x',
      'white space',
      'x'.repeat(129),
    );
    await make(second, 'a-2', 'a_3');
    await writeFile(join(first, 'file'), '');
    await symlink(join(first, 'b'), join(first, 'link'));
    discover();
    const sandboxes = await discovery.refresh();
    expect(sandboxes.map((sandbox) => sandbox.id)).toEqual([
      '0'.repeat(64),
      'B',
      'a-2',
      'a.1',
      'a_3',
      'b',
      'link',
      'x'.repeat(128),
    ]);
  });

  it('has its paths, its root and the time it was first seen', async () => {
    await make(first, 'a');
    const clock = new StoppedClock();
    discover({ clock });
    await discovery.refresh();
    clock.now += 5000;
    await discovery.refresh();
    expect(discovery.find('a')).toEqual({
      id: 'a',
      root: first,
      directory: join(first, 'a'),
      socketPath: join(first, 'a', 'shim-monitor.sock'),
      runtime: undefined,
      firstSeenMs: 1_000_000,
    });
    expect(discovery.find('../a')).toBeUndefined();
  });

  it('is taken from the first root when it is in two', async () => {
    await make(first, 'a');
    await make(second, 'a', 'b');
    discover();
    await discovery.refresh();
    expect(ids()).toEqual(['a', 'b']);
    expect(discovery.find('a')?.root).toBe(first);
    await rmdir(join(first, 'a'));
    await discovery.refresh();
    expect(discovery.find('a')?.root).toBe(second);
    await make(first, 'a');
    await discovery.refresh();
    expect(discovery.find('a')?.root).toBe(first);
  });

  it('is found once when a root is named twice', async () => {
    await make(first, 'a');
    discover({ roots: [first, `${first}/`, join(first, 'x', '..')] });
    await discovery.refresh();
    expect(ids()).toEqual(['a']);
    expect(discovery.roots()).toHaveLength(1);
  });
});

describe('refresh', () => {
  it('sees at once what appeared and what is gone', async () => {
    await make(first, 'a');
    discover();
    expect(await discovery.refresh()).toHaveLength(1);
    await make(first, 'b');
    await rmdir(join(first, 'a'));
    await discovery.refresh();
    expect(ids()).toEqual(['b']);
    expect(changes.at(-1)).toMatchObject({ appeared: [{ id: 'b' }], vanished: [{ id: 'a' }] });
  });

  it('gives the same list while nothing changes', async () => {
    await make(first, 'a');
    discover();
    const before = await discovery.refresh();
    expect(await discovery.refresh()).toBe(before);
    expect(changes).toHaveLength(1);
  });

  it('never gives a look that began before the call', async () => {
    await make(first, 'a');
    discover();
    const early = discovery.refresh();
    await make(first, 'b');
    const late = await Promise.all([discovery.refresh(), discovery.refresh(), early]);
    expect(late[0]).toHaveLength(2);
    expect(late[1]).toBe(late[0]);
  });

  it('keeps the sandboxes of a root that cannot be read', async () => {
    await make(first, 'a');
    await make(second, 'b');
    discover();
    await discovery.refresh();
    // A loop of links is unreadable for root too, unlike a missing permission.
    await rename(first, `${first}.old`);
    await symlink(first, first);
    await discovery.refresh();
    expect(ids()).toEqual(['a', 'b']);
    expect(discovery.roots()[0]).toMatchObject({ root: first, look: 'unreadable', code: 'ELOOP' });
  });

  it('ends with the reason of the signal', async () => {
    discover();
    await expect(discovery.refresh(AbortSignal.abort(new Error('Enough')))).rejects.toThrow('Enough');
    const controller = new AbortController();
    const refreshed = discovery.refresh(controller.signal);
    controller.abort(new Error('Too late'));
    await expect(refreshed).rejects.toThrow('Too late');
  });
});

describe('start', () => {
  it('has looked once when it resolves', async () => {
    await make(first, 'a');
    await discover().start();
    expect(ids()).toEqual(['a']);
    expect(rootStates).toEqual([
      { root: first, look: 'read', watch: { kind: 'root' } },
      { root: second, look: 'missing', watch: { kind: 'parent', path: folder } },
    ]);
  });

  it('sees by events what appears and vanishes', async () => {
    await make(first);
    await make(second);
    await discover().start();
    await make(first, 'a');
    await until(hasIds('a'));
    await make(second, 'b');
    await until(hasIds('a', 'b'));
    await rmdir(join(first, 'a'));
    await until(hasIds('b'));
    await rename(join(second, 'b'), join(second, 'c'));
    await until(hasIds('c'));
  });

  it('sees a root appear, with all that leads to it', async () => {
    await discover().start();
    expect(ids()).toEqual([]);
    await make(first, 'a');
    await until(hasIds('a'));
    expect(discovery.roots()[0]).toEqual({ root: first, look: 'read', watch: { kind: 'root' } });
  });

  it('sees a root vanish and return, more than once', async () => {
    await make(first, 'a');
    await discover().start();
    for (const id of ['b', 'c']) {
      await rm(join(folder, 'vc'), { recursive: true });
      await until(hasIds());
      await until(() => rootStates.at(-1)?.look === 'missing');
      await make(first, id);
      await until(hasIds(id));
    }
  });

  it('sees what is in a root that was replaced by another', async () => {
    await make(first, 'a');
    await make(join(folder, 'other'), 'b');
    await discover().start();
    await rename(first, join(folder, 'old'));
    await rename(join(folder, 'other'), first);
    await until(hasIds('b'));
    await make(first, 'c');
    await until(hasIds('b', 'c'));
  });

  it('sees a root whose name is also that of a sandbox in it', async () => {
    await make(first);
    await discover().start();
    await make(first, 'sbs');
    await until(hasIds('sbs'));
    await make(first, 'a');
    await until(hasIds('a', 'sbs'));
  });

  it('sees a file in the place of a root give way to a directory', async () => {
    await writeFile(second, '');
    await discover().start();
    expect(discovery.roots()[1]).toMatchObject({ look: 'missing', watch: { kind: 'parent' } });
    await rm(second);
    await make(second, 'a');
    await until(hasIds('a'));
  });

  it('sees a thousand sandboxes appear and vanish', async () => {
    await make(first);
    await discover().start();
    const names = Array.from({ length: 1000 }, (_, i) => `s${i}`);
    await make(first, ...names);
    await until(() => ids().length === 1000);
    expect(ids()).toEqual([...names].sort());
    expect(changes.length).toBeLessThan(200);
    await rm(first, { recursive: true });
    await until(hasIds());
  });

  it('sees by the periodic look what no event reported', async () => {
    await make(first, 'a');
    const clock = new StoppedClock();
    await discover({ clock, lookIntervalMs: 5000 }).start();
    for (const id of ['b', 'c']) {
      await make(first, id);
      // Looks for events wait on the same clock, which does not go on for them.
      clock.fire(5000);
      await until(() => ids().includes(id));
      await until(() => clock.pending.some(({ delayMs }) => delayMs === 5000));
    }
    expect(ids()).toEqual(['a', 'b', 'c']);
  });

  it('is silent after close', async () => {
    await make(first);
    const clock = new StoppedClock();
    await discover({ clock }).start();
    discovery.close();
    expect(clock.pending).toEqual([]);
    await make(first, 'a');
    await discovery.refresh();
    expect(ids()).toEqual(['a']);
    expect(changes).toEqual([]);
  });
});

describe('More sandboxes than the bound', () => {
  let excesses: number[];

  beforeEach(() => {
    excesses = [];
  });

  const discoverAtMost = (maxSandboxes: number): Discovery =>
    discover({ maxSandboxes, onExcess: (count) => excesses.push(count) });

  it('are not listed: the first by their ids are, over all roots', async () => {
    await make(first, 'c', 'e', 'a');
    await make(second, 'b', 'd');
    discoverAtMost(3);
    await discovery.refresh();
    expect(ids()).toEqual(['a', 'b', 'c']);
    expect(discovery.find('d')).toBeUndefined();
    expect(discovery.excessCount).toBe(2);
  });

  it('leave those alone that are known', async () => {
    await make(first, 'm', 'n', 'o');
    discoverAtMost(3);
    await discovery.refresh();
    await make(first, 'a', 'z', 'b');
    await discovery.refresh();
    expect(ids()).toEqual(['m', 'n', 'o']);
    await rm(join(first, 'n'), { recursive: true });
    await discovery.refresh();
    expect(ids()).toEqual(['a', 'm', 'o']);
    expect(changes.flatMap(({ vanished }) => vanished.map(({ id }) => id))).toEqual(['n']);
  });

  it('are reported when they begin and when they end', async () => {
    await make(first, 'a', 'b');
    discoverAtMost(2);
    await discovery.refresh();
    await make(first, 'c', 'd');
    await discovery.refresh();
    await make(first, 'e');
    await discovery.refresh();
    expect(discovery.excessCount).toBe(3);
    await Promise.all(['c', 'd', 'e'].map((id) => rm(join(first, id), { recursive: true })));
    await discovery.refresh();
    expect(excesses).toEqual([2, 0]);
    expect(discovery.excessCount).toBe(0);
  });
});
