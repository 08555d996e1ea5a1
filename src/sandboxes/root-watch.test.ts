import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RootWatch } from './root-watch.ts';

let folder: string;
let root: string;
let watch: RootWatch;
let events: number;
let wake: () => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'root-watch-'));
  root = join(folder, 'a', 'b');
  events = 0;
  wake = () => undefined;
  watch = new RootWatch(root, () => {
    events++;
    wake();
  });
});

afterEach(async () => {
  watch.close();
  await rm(folder, { recursive: true });
});

const event = (): Promise<void> =>
  new Promise((resolve) => {
    wake = resolve;
  });

describe('RootWatch', () => {
  it('says nothing of permissions, contents, and names that are no id', async () => {
    await mkdir(join(root, 'known'), { recursive: true });
    await writeFile(join(root, 'file'), '');
    expect(watch.attach()).toEqual({ kind: 'root' });
    const told = event();
    await chmod(join(root, 'file'), 0o600);
    await writeFile(join(root, 'file'), 'more');
    await mkdir(join(root, '.hidden'));
    await mkdir(join(root, 'not an id'));
    await mkdir(join(root, 'known', 'inside'));
    await mkdir(join(root, 'new'));
    await told;
    expect(events).toBe(1);
  });

  it('watches the nearest parent for the one entry that leads to the root', async () => {
    expect(watch.attach()).toEqual({ kind: 'parent', path: folder });
    const told = event();
    await mkdir(join(folder, 'other'));
    await mkdir(join(folder, 'a'));
    await told;
    expect(events).toBe(1);
    expect(watch.attach()).toEqual({ kind: 'parent', path: join(folder, 'a') });
    await mkdir(root);
    expect(watch.attach()).toEqual({ kind: 'root' });
  });

  it('tells that the watched directory itself is gone', async () => {
    await mkdir(root, { recursive: true });
    watch.attach();
    const told = event();
    await rm(root, { recursive: true });
    await told;
    expect(watch.attach()).toEqual({ kind: 'parent', path: join(folder, 'a') });
  });

  it('keeps its watch while the directory is the same', async () => {
    await mkdir(root, { recursive: true });
    watch.attach();
    watch.attach();
    const told = event();
    await mkdir(join(root, 'x'));
    await told;
    expect(events).toBe(1);
  });
});
