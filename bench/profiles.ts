/**
 * `node bench/profiles.ts`: prints the size and the cost of each profile of --metrics.profile, as the tables of docs/profiles.md.
 * What a sandbox adds is the difference between responses with more and with fewer sandboxes, which excludes HELP and TYPE. `--sandboxes 200 --scrapes 40` are the defaults for CPU time.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { profiles } from '../src/catalog/index.ts';
import { CriServer } from '../test/support/cri-server.ts';
import { startLiveNode } from '../test/support/live-node.ts';
import { startMonitor } from './monitor-under-test.ts';
import { readOptions } from './read-options.ts';
import { CostMeter, drain, fetchBytes } from './scrape.ts';
import { startShims } from './shims-under-test.ts';

const noRuntime = '--runtime-endpoint=/run/kata-metrics-bench/none.sock';

const values = readOptions({
  sandboxes: { type: 'string', default: '200' },
  scrapes: { type: 'string', default: '40' },
});

interface Share {
  readonly samples: number;
  readonly bytes: number;
  readonly gzipBytes: number;
}

interface Place {
  readonly title: string;
  readonly root: string;
  readonly flags: readonly string[];
  /** Sandboxes in the smaller response of the two that are compared, at least 2: a response of one alone is served as it is. */
  readonly fewer: number;
}

/** What one sandbox adds to a response. */
async function measureShare({ root, flags, fewer }: Place, profile: string): Promise<Share> {
  const ids = readdirSync(root)
    .filter((name) => !name.startsWith('.'))
    .sort();
  const monitor = await startMonitor(root, { flags: [...flags, `--metrics.profile=${profile}`] });
  try {
    await waitUntilWhole(monitor.url, ids.length, flags);
    const few = await measureAnswer(monitor.url, ids.slice(0, fewer));
    const all = await measureAnswer(monitor.url, ids);
    const share = (part: keyof Share): number => (all[part] - few[part]) / (ids.length - fewer);
    return { samples: share('samples'), bytes: share('bytes'), gzipBytes: share('gzipBytes') };
  } finally {
    await monitor.process.stop();
  }
}

async function measureAnswer(url: string, ids: readonly string[]): Promise<Share> {
  const part = `${url}?${ids.map((id) => `sandbox=${id}`).join('&')}`;
  const plain = await fetchBytes(part, false);
  const samples = plain.toString().match(/^[^#\n]/gm)?.length ?? 0;
  return { samples, bytes: plain.length, gzipBytes: (await fetchBytes(part, true)).length };
}

/** Programs that have just started may be late, and labels of pods come with one of the next scrapes. */
async function waitUntilWhole(url: string, sandboxes: number, flags: readonly string[]): Promise<void> {
  for (;;) {
    const text = (await fetchBytes(url, false)).toString();
    const areUp = text.match(/^kata_sandbox_up\{.* 1$/gm)?.length === sandboxes;
    const areGuestsThere = !/^kata_shim_agent_up\{.* 0$/m.test(text);
    const areLabelled = flags.includes(noRuntime) || !text.includes('cri_uid=""');
    if (areUp && areGuestsThere && areLabelled) {
      return;
    }
  }
}

async function printShares(place: Place): Promise<void> {
  process.stdout.write(`\n${place.title}:\n\n| profile | samples | bytes | bytes, gzip |\n|---|---:|---:|---:|\n`);
  for (const profile of profiles) {
    const { samples, bytes, gzipBytes } = await measureShare(place, profile);
    process.stdout.write(`| ${[profile, ...[samples, bytes, gzipBytes].map(toCell)].join(' | ')} |\n`);
  }
}

function toCell(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** A pod for each of the sandboxes that `startShims` makes. */
function makePods(count: number): CriServer['state']['pods'] {
  return Array.from({ length: count }, (_, i) => {
    const id = createHash('sha256').update(`sandbox ${i}`).digest('hex');
    const name = `checkout-frontend-${id.slice(0, 10)}-${id.slice(10, 15)}`;
    const uid = id.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    return { id, metadata: { name, namespace: 'production', uid, attempt: 0 } };
  });
}

async function printFixtureShares(folder: string): Promise<void> {
  const count = 60;
  const root = join(folder, 's');
  const shims = await startShims(root, count);
  const cri = await CriServer.start(join(folder, 'cri'), { state: { pods: makePods(count) } });
  try {
    await printShares({ title: 'Bodies of a Go shim, no pod known', root, flags: [noRuntime], fewer: 10 });
    const flags = [`--runtime-endpoint=${cri.socketPath}`];
    await printShares({ title: 'Bodies of a Go shim, labels of pods', root, flags, fewer: 10 });
  } finally {
    await cri.stop();
    await shims.stop();
  }
}

async function printLiveShares(): Promise<void> {
  const node = await startLiveNode({ ids: ['0', '1', '2', '3'].map((digit) => digit.repeat(64)) });
  try {
    await printShares({
      title: 'kata-shim on this machine, no pod known',
      root: node.root,
      flags: [noRuntime],
      fewer: 2,
    });
  } finally {
    await node.stop();
  }
}

/** Profiles in turns, so that what else the machine does touches all alike. */
async function printCosts(folder: string, sandboxes: number, scrapes: number): Promise<void> {
  const root = join(folder, 'c');
  const shims = await startShims(root, sandboxes);
  const monitors = await Promise.all(
    profiles.map(async (profile) => {
      const flags = [noRuntime, `--metrics.profile=${profile}`];
      const { process: monitor, url } = await startMonitor(root, { flags });
      return { profile, monitor, url, meter: new CostMeter(monitor) };
    }),
  );
  try {
    for (let i = 0; i < 2 * scrapes; i++) {
      for (const { url, meter } of monitors) {
        await (i < scrapes ? drain(url, true) : meter.measure(() => drain(url, true)));
      }
    }
    process.stdout.write(
      `\nA gzip scrape of ${sandboxes} sandboxes:\n\n| profile | CPU, ms | CPU / full | wall, ms | peak, MiB |\n|---|---:|---:|---:|---:|\n`,
    );
    const full = monitors[0]!.meter.result();
    for (const { profile, monitor, meter } of monitors) {
      const { cpuMs, wallMs } = meter.result();
      const cells = [profile, cpuMs.toFixed(1), (cpuMs / full.cpuMs).toFixed(2), wallMs.toFixed(1)];
      process.stdout.write(`| ${[...cells, monitor.peakMiB().toFixed(0)].join(' | ')} |\n`);
    }
  } finally {
    await Promise.all(monitors.map(({ monitor }) => monitor.stop()));
    await shims.stop();
  }
}

// The path of a socket has at most 107 bytes, and an id takes 64 of them.
const folder = mkdtempSync(join(tmpdir(), 'kb-'));
try {
  await printFixtureShares(folder);
  await printLiveShares();
  await printCosts(folder, Number(values.sandboxes), Number(values.scrapes));
} finally {
  rmSync(folder, { recursive: true });
}
