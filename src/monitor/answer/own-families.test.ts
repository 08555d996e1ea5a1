import { afterEach, describe, expect, it } from 'vitest';
import { catalog, type FamilyName } from '../../catalog/index.ts';
import { type CatalogFamily, family, singleFamily } from '../../collectors/index.ts';
import { createLog } from './log.ts';
import { type OwnFamilies, startOwnFamilies } from './own-families.ts';
import { OwnMetrics } from './own-metrics.ts';
import { SandboxEvents } from './sandbox-events.ts';

let own: OwnFamilies;

let more: CatalogFamily[] = [];

afterEach(() => {
  more = [];
  own.close();
});

const ofContainerManager = [singleFamily('kata_monitor_cri_up', 1), family('kata_monitor_cri_info', [])];

function start(hasGoFamilies: boolean): OwnFamilies {
  own = startOwnFamilies({
    events: new SandboxEvents({
      log: { add: () => undefined },
      findPod: () => undefined,
      hasEndings: false,
      startSeconds: 0,
    }),
    ownMetrics: new OwnMetrics(() => 2),
    pods: { collectOwn: async () => ofContainerManager },
    version: '1.2.3',
    hasGoFamilies,
    collectMore: () => more,
    log: createLog({ level: 'panic', format: 'text' }),
  });
  return own;
}

/** Counted with the results of a scrape, and added to the response there. */
const addedByTheScrape: readonly FamilyName[] = [
  'kata_monitor_final_sandboxes_dropped_total',
  'kata_monitor_sandbox_scrape_errors_total',
];
/** Only with an endpoint: test/e2e/otlp.test.ts. */
const OTLP_PREFIX = 'kata_monitor_otlp_';
const namesOfMonitor = (Object.keys(catalog) as FamilyName[]).filter(
  (name) => catalog[name].component === 'monitor' && !addedByTheScrape.includes(name) && !name.startsWith(OTLP_PREFIX),
);

describe("the monitor's own families", () => {
  it('are all that the catalog has of the monitor', async () => {
    const families = await start(true).collect();
    expect(families.map(({ name }) => name).sort()).toEqual([...namesOfMonitor].sort());
    expect(namesOfMonitor.filter((name) => catalog[name].isContract)).toHaveLength(39);
  });

  it('have those of a part that is not always there', async () => {
    more = [singleFamily('kata_monitor_otlp_retries_total', 3)];
    const families = await start(true).collect();
    expect(families).toContainEqual(more[0]);
  });

  it('omit the go_* names when they are disabled', async () => {
    const families = await start(false).collect();
    expect(families.map(({ name }) => name).sort()).toEqual(
      namesOfMonitor.filter((name) => !name.startsWith('kata_monitor_go_')).sort(),
    );
  });

  it('have values of this process', async () => {
    const families = await start(true).collect();
    const valueOfFamily = (name: FamilyName) =>
      Number(families.find((family) => family.name === name)?.samples[0]?.value);
    expect(valueOfFamily('kata_monitor_process_resident_memory_bytes')).toBeGreaterThan(10e6);
    expect(valueOfFamily('kata_monitor_process_start_time_seconds')).toBeCloseTo(
      Date.now() / 1000 - process.uptime(),
      -1,
    );
    expect(valueOfFamily('kata_monitor_running_shim_count')).toBe(2);
    const buildInfo = families.find(({ name }) => name === 'kata_monitor_build_info');
    expect(buildInfo?.samples).toEqual([{ labels: { version: '1.2.3', nodejs: process.version }, value: 1 }]);
  });
});
