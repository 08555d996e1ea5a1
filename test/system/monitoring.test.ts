/**
 * Dashboards and rules over a real Prometheus: each query of each panel and recording rule has data for each runtime, or a
 * reason why not; the queries of older dashboards have data; each alert fires by its fault, which is caused here where this
 * machine can. `npm test -- test/system/monitoring.test.ts` prints the two tables.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { alerts } from '../../scripts/monitoring/alerts.ts';
import { fleetPanels } from '../../scripts/monitoring/fleet-panels.ts';
import { recordingRules } from '../../scripts/monitoring/recording-rules.ts';
import { sandboxPanels } from '../../scripts/monitoring/sandbox-panels.ts';
import { missingPackages } from '../support/requirements.ts';
import { listFaults } from './monitoring/faults.ts';
import { MonitoredNode } from './monitoring/node.ts';
import { ofJobFull, olderQueries } from './monitoring/older-queries.ts';
import { printTable } from './monitoring/print-table.ts';
import { type Outcome, runFaults } from './monitoring/run-faults.ts';

const packages = ['prometheus', 'qemu-system-x86', 'busybox-static', 'erofs-utils', 'containerd', 'runc', 'iproute2'];
const missing = missingPackages(packages);
if (process.getuid!() !== 0) {
  missing.push('root');
}

/** Of two boots and all programs on a machine with other work; of the faults, of which some wait for others; of a later scrape. */
const START_MS = 600_000;
const FAULTS_MS = 900_000;
const SCRAPES = { timeout: 100_000, interval: 250 } as const;
/** Of each query of a table. */
const FEW_SCRAPES = { timeout: 30_000, interval: 250 } as const;

/** Variables of the dashboard as Grafana fills them in. */
function fillIn(expression: string, sandbox = '.*'): string {
  return expression
    .replaceAll('$sandbox', sandbox)
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '5m')
    .replaceAll(/\$\w+/g, '.*');
}

/** Panels that are empty before a fault. */
const lateTitles = ['Reasons', 'Sandboxes started and ended', 'Sandboxes that have ended'];
const latePanels = fleetPanels.filter(({ title }) => lateTitles.includes(title));

describe.skipIf(missing.length > 0)(`dashboards and alerts (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let node: MonitoredNode;

  beforeAll(async () => {
    node = await MonitoredNode.start();
    const count = 2 * node.columns.length;
    const guests = 'count_over_time((kata_sandbox_guest_up{job=~"kata|full"} == 1)[2m:1s]) >= 4';
    await vi.waitFor(async () => expect(await node.prometheus.query(guests)).toHaveLength(count), {
      timeout: 240_000,
      interval: 250,
    });
  }, START_MS);

  afterAll(() => node?.stop(), START_MS);

  /** An emulated guest on a busy machine misses a scrape now and then, and a monitor the timeout of Prometheus: then later ones count. */
  const expectData = (query: string, scrapes: typeof SCRAPES | typeof FEW_SCRAPES = SCRAPES): Promise<void> =>
    vi.waitFor(async () => expect((await node.prometheus.query(query)).length).toBeGreaterThan(0), scrapes);

  it('each query of the sandbox dashboard has data for each runtime, or a reason', { timeout: START_MS }, async () => {
    const read = async () => {
      const rows: string[][] = [['panel', 'query', ...node.columns.map(({ heading }) => heading)]];
      const reasons: string[] = [];
      const unexplained: string[] = [];
      for (const { title, queries } of sandboxPanels) {
        for (const { expression, legend, emptyFor = {}, dependsOnHost = false } of queries) {
          const cells = await Promise.all(
            node.columns.map(async ({ heading, id, source }) => {
              const { length } = await node.prometheus.query(fillIn(expression, id));
              const reason = emptyFor[source];
              if (length === 0 ? reason === undefined : reason !== undefined && !dependsOnHost) {
                unexplained.push(`${title}, ${legend}, ${heading}: ${length}`);
              }
              if (length > 0) {
                return String(length);
              }
              if (reason === undefined) {
                return 'EMPTY';
              }
              if (!reasons.includes(reason)) {
                reasons.push(reason);
              }
              return `- (${reasons.indexOf(reason) + 1})`;
            }),
          );
          rows.push([title, legend, ...cells]);
        }
      }
      return { rows, reasons, unexplained };
    };
    // An emulated guest on a busy machine misses a scrape now and then.
    const { rows, reasons, unexplained } = await vi
      .waitFor(
        async () => {
          const found = await read();
          expect(found.unexplained).toEqual([]);
          return found;
        },
        { ...SCRAPES, interval: 500 },
      )
      .catch(read);
    printTable('Series of each panel of the sandbox dashboard, by runtime', rows);
    process.stdout.write(reasons.map((reason, at) => `(${at + 1}) ${reason}\n`).join(''));
    expect(unexplained).toEqual([]);
  });

  it('each query of the fleet dashboard has data', { timeout: START_MS }, async () => {
    const rows: string[][] = [['panel', 'query', 'series']];
    for (const { title, queries } of fleetPanels.filter((panel) => !latePanels.includes(panel))) {
      for (const { expression, legend } of queries) {
        await expectData(fillIn(expression), FEW_SCRAPES).catch(() => undefined); // the table shows it
        const { length } = await node.prometheus.query(fillIn(expression));
        rows.push([title, legend, length === 0 ? 'EMPTY' : String(length)]);
      }
    }
    printTable('Series of each panel of the fleet dashboard', rows);
    expect(rows.filter(([, , series]) => series === 'EMPTY')).toEqual([]);
  });

  it.each(recordingRules.filter(({ name }) => !name.includes('error')))('rule $name has data', async ({ name }) => {
    await expectData(name);
  });

  it.each(olderQueries)('%s', async (query) => {
    await expectData(ofJobFull(query));
  });

  describe('alerts', () => {
    let outcomes: ReadonlyMap<string, Outcome>;

    beforeAll(async () => {
      const faults = listFaults(node);
      outcomes = await runFaults(node.prometheus, faults);
      const rows = faults.map(({ alert, what, sentBecause }) => {
        const outcome = outcomes.get(alert)!;
        const result = typeof outcome === 'number' ? `fired after ${outcome.toFixed(1)} s` : outcome;
        return [alert, what, sentBecause === undefined ? 'caused' : `sent: ${sentBecause}`, result];
      });
      printTable('Alerts by fault ("for" of each rule is 0 s here)', [['alert', 'fault', 'how', 'result'], ...rows]);
    }, FAULTS_MS);

    it.each(alerts)('$name fires by its fault', ({ name }) => {
      expect(outcomes.get(name)).toEqual(expect.any(Number));
    });

    it.each(latePanels.flatMap(({ title, queries }) => queries.map((query) => ({ title, ...query }))))(
      'panel $title, $legend has data',
      async ({ expression }) => {
        await expectData(fillIn(expression));
      },
    );
  });
});
