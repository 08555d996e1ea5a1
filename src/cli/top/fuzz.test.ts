import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findSchemaFaults } from '../../../test/support/api-schema.ts';
import { columns, readDetailTotals, selectRows, toDetailRates, toRows } from '../../view/index.ts';
import { toDetail, toFleetSandboxes, toSnapshot } from './fleet-sandboxes.ts';
import { PAUSED, rateQueries, SANDBOX_PREFIX, type Series, SHIM_START, sandboxGauges } from './prom-ql.ts';
import { formatCsv } from './top-csv.ts';
import { renderScreen } from './top-screen.ts';
import { firstOrder } from './top-state.ts';
import { formatRows } from './top-table.ts';

const names = [...sandboxGauges.map((name) => SANDBOX_PREFIX + name), SHIM_START, PAUSED, 'kata_guest_load', ''];
const oddNumbers = ['1', '0', '-1', 'NaN', '+Inf', '-Inf', '1e308', '-1e308', '1e400', '-0', '0x10', '0.5', '', 'x'];
const value = fc.oneof(fc.constantFrom(...oddNumbers), fc.double().map(String));
const text = fc.oneof(
  fc.constantFrom('a', '', '\u001b[2J', '\u202ex', '=1+1', 'x\ny', 'slow', '__proto__', '\u009b', 'y'.repeat(100_000)),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const time = fc.oneof(fc.constantFrom(0, -1, 1e300, -1e300), fc.double({ noNaN: true, noDefaultInfinity: true }));
const metric = fc.record(
  {
    __name__: fc.constantFrom(...names),
    sandbox_id: fc.constantFrom('a', 'b', 'a/../b', ''),
    ...{ instance: text, reason: text, cri_name: text, cri_namespace: text, node: text },
  },
  { requiredKeys: ['__name__', 'sandbox_id'] },
);
const response = fc.array(fc.record({ metric, value: fc.tuple(time, value) }), { maxLength: 20 }) as fc.Arbitrary<
  Series[]
>;
const size = { width: fc.constantFrom(1, 40, 200), height: fc.constantFrom(1, 3, 24) };

it('whatever a server of PromQL responds is shown, printable, and is what the API describes', () => {
  fc.assert(
    fc.property(response, response, response, fc.record(size), (gauges, others, all, { width, height }) => {
      const rates = new Map(Object.keys(rateQueries).map((name) => [name as keyof typeof rateQueries, others]));
      const found = toFleetSandboxes(gauges, others, rates);
      const snapshot = toSnapshot(found, { monitors: others, url: 'http://x', seconds: 1, version: '1' });
      expect(findSchemaFaults('Snapshot', JSON.parse(JSON.stringify(snapshot)))).toEqual([]);
      const [first] = found;
      const detail = first && toDetail(first, all);
      expect(detail === undefined ? [] : findSchemaFaults('SandboxDetail', detail)).toEqual([]);
      const rows = toRows(snapshot);
      const order = firstOrder('cpu');
      const filter = { text: '', namespace: undefined, isUnhealthyOnly: false };
      for (const { key } of columns) {
        selectRows(rows, filter, { key, isDescending: true });
      }
      formatCsv(rows);
      const totals = detail && readDetailTotals(detail);
      const detailRates = totals && toDetailRates(totals, { ...totals, atSeconds: totals.atSeconds - 1 });
      const history = rows.map((row) => row.rates.cpuCores);
      const facts = { snapshot, rows, detail, problem: undefined, history, isWide: true, width, height };
      const state = { order, filter, isTyping: false, selectedId: first?.status.id, scroll: 0, isOver: false };
      const lines = (['table', 'detail', 'help'] as const).flatMap((screen) =>
        renderScreen({ ...state, screen }, { ...facts, ...(detailRates && { detailRates }) }),
      );
      const wide = {
        width: Number.POSITIVE_INFINITY,
        isWide: true,
        sort: 'cpu',
        isDescending: true,
        hasBars: false,
      } as const;
      for (const line of [...lines, ...formatRows(rows, { ...wide, hasNodes: true })]) {
        expect(line.text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }
      // However long a name is, it does not widen each row.
      expect(Math.max(0, ...formatRows(rows, wide).map((line) => line.text.length))).toBeLessThan(4000);
    }),
    { numRuns: 150 },
  );
});
