import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CriServer } from '../../../test/support/cri-server.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { toPodLabels } from '../../cri/index.ts';
import { encodeText } from '../../exposition/index.ts';
import { sandboxIn } from '../../sandboxes/index.ts';
import { createLog } from './log.ts';
import { Pods } from './pods.ts';

/** For what comes by itself: machines that run tests can be very busy. */
const patience = { timeout: 10_000, interval: 5 };

let folder: string;
let cri: CriServer;
let clock: ManualClock;
let pods: Pods;

const [a, b] = ['a', 'b'].map((id) => sandboxIn('/sbs', id, 0)) as [
  ReturnType<typeof sandboxIn>,
  ReturnType<typeof sandboxIn>,
];
const pod = {
  id: 'a',
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u-1' },
  createdAt: 1_700_000_000_123_999_999n,
  labels: { app: 'web', secret: 's' },
  runtimeHandler: 'kata',
};

function open(podLabels: readonly string[] = []): Pods {
  pods = new Pods({
    socketPaths: [cri.socketPath],
    podLabels: toPodLabels(podLabels),
    log: createLog({ level: 'panic', format: 'text' }),
    clock,
  });
  return pods;
}

function samplesOf(families: Parameters<typeof encodeText>[0]): string[] {
  const lines = encodeText(families).toString().split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kc-'));
  clock = new ManualClock();
  cri = await CriServer.start(join(folder, 'cri.sock'), { state: { pods: [pod] } });
});

afterEach(async () => {
  pods.close();
  await cri.stop();
  await rm(folder, { recursive: true });
});

const named = 'sandbox_id="a",cri_uid="u-1",cri_name="web-0",cri_namespace="shop"';

describe('the labels of a sandbox', () => {
  it('are empty until its pod is known, and the same object for as long as nothing changes', async () => {
    open();
    pods.setSandboxes([a, b]);
    expect(pods.labelsOf('a')).toEqual({ sandbox_id: 'a', cri_uid: '', cri_name: '', cri_namespace: '' });
    const before = pods.extraLabelsOf('a');
    expect(pods.extraLabelsOf('a')).toBe(before);
    pods.start();
    await vi.waitFor(() => expect(pods.find('a')).toBeDefined(), patience);
    expect(pods.extraLabelsOf('a').pairs).toEqual(Object.entries(pods.labelsOf('a')));
    expect(pods.labelsOf('a').cri_name).toBe('web-0');
    expect(pods.extraLabelsOf('a')).toBe(pods.extraLabelsOf('a'));
    expect(pods.idLabelsOf('a').pairs).toEqual([['sandbox_id', 'a']]);
    expect(pods.idLabelsOf('a')).toBe(pods.idLabelsOf('a'));
    expect(pods.labelsOf('b').cri_name).toBe('');
  });

  it('are forgotten with the sandbox', async () => {
    open().start();
    pods.setSandboxes([a]);
    await vi.waitFor(() => expect(pods.labelsOf('a').cri_name).toBe('web-0'), patience);
    pods.setSandboxes([b]);
    expect(pods.labelsOf('a').cri_name).toBe('');
  });
});

describe('the families of the container manager', () => {
  it('have only the requested labels of pods', async () => {
    open(['app', 'team']).start();
    pods.setSandboxes([a, b]);
    await vi.waitFor(() => expect(pods.find('a')).toBeDefined(), patience);
    expect(samplesOf(pods.collectSandboxFamilies(['a', 'b']))).toEqual([
      `kata_sandbox_created_seconds{${named}} 1700000000.123`,
      `kata_sandbox_runtime_info{${named},runtime_handler="kata"} 1`,
      `kata_sandbox_labels{${named},label_app="web"} 1`,
    ]);
  });

  it('omit kata_sandbox_labels when no labels are requested', async () => {
    expect(
      open()
        .collectSandboxFamilies([])
        .map(({ name }) => name),
    ).toEqual(['kata_sandbox_created_seconds']);
  });

  it('show whether it responds, and its version', async () => {
    open();
    expect(samplesOf(await pods.collectOwn())).toEqual([
      'kata_monitor_cri_up 1',
      'kata_monitor_cri_info{runtime_name="test-cri",runtime_version="1.2.3",api_version="v1"} 1',
    ]);
  });

  it('show in the same scrape that it is down, and that it is up again', async () => {
    open();
    await pods.link.connect();
    await cri.stop();
    clock.advance(1000);
    expect(samplesOf(await pods.collectOwn())).toEqual(['kata_monitor_cri_up 0']);
    cri = await CriServer.start(cri.socketPath);
    clock.advance(1000);
    await vi.waitFor(
      async () => expect(samplesOf(await pods.collectOwn())).toContain('kata_monitor_cri_up 1'),
      patience,
    );
  });
});
