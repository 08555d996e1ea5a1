import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SandboxDetail, type SandboxStatus, type Snapshot, sandboxStates } from '../api/index.ts';
import { sandboxErrorReasonList } from '../catalog/sandbox-error-reasons.ts';
import {
  columns,
  columnsOf,
  describeIncidents,
  describeReason,
  formatAge,
  formatBytes,
  formatCores,
  formatMilliseconds,
  formatNumber,
  formatPercent,
  formatRate,
  type RowFilter,
  readDetailTotals,
  runbookOf,
  selectRows,
  toDetailRates,
  toRows,
} from './index.ts';

function sandbox(id: string, changes: Partial<SandboxStatus> = {}): SandboxStatus {
  return {
    id,
    namespace: null,
    pod: null,
    uid: null,
    node: null,
    root: '/run/kata',
    runtime: null,
    startSeconds: 100,
    state: 'running',
    isHealthy: true,
    restarts: 0,
    stateSinceSeconds: 160,
    reasons: [],
    message: null,
    samples: 500,
    droppedSamples: 0,
    readSeconds: 199,
    scrapeSeconds: 0.01,
    lastSuccessAgeSeconds: 0,
    cpu: { usageSecondsTotal: 10, cores: 2 },
    memory: { totalBytes: 2 ** 30, availableBytes: 2 ** 29, workingSetBytes: 2 ** 29, oomKillsTotal: 0 },
    host: { memoryBytes: 2 ** 28, cpuSecondsTotal: 12, overheadMemoryBytes: null },
    network: { receiveBytesTotal: 1000, transmitBytesTotal: 2000 },
    disk: { readBytesTotal: null, writtenBytesTotal: null },
    load1: 0.5,
    tasks: 10,
    uptimeSeconds: 50,
    agent: { millisecondsTotal: 100, callsTotal: 10 },
    rates: null,
    ...changes,
  };
}

const snapshot = (nowSeconds: number, ...sandboxes: SandboxStatus[]): Snapshot =>
  ({ node: { nowSeconds }, sandboxes }) as unknown as Snapshot;

const { host } = sandbox('a');

describe('toRows', () => {
  it('computes rates from the times at which the shim responded, not from those of the collections', () => {
    const later = sandbox('a', {
      readSeconds: 201,
      cpu: { usageSecondsTotal: 13, cores: 2 },
      network: { receiveBytesTotal: 3000, transmitBytesTotal: 2000 },
      agent: { millisecondsTotal: 106, callsTotal: 12 },
    });
    const [row] = toRows(snapshot(208, later), snapshot(207, sandbox('a')));
    expect(row!.rates).toEqual({
      cpuCores: 1.5,
      hostCpuCores: 0,
      receiveBytes: 1000,
      transmitBytes: 0,
      readBytes: undefined,
      writtenBytes: undefined,
      agentMilliseconds: 3,
    });
  });

  // The CPUs of a guest with 2 were shown as 2.3 in use, when the host was busy and a response late.
  it('measures rates of the guest by its own clock, and those of the host by that of the host', () => {
    const before = sandbox('a', { readSeconds: 200, uptimeSeconds: 50, host: { ...host, cpuSecondsTotal: 4 } });
    const now = sandbox('a', {
      readSeconds: 201,
      uptimeSeconds: 51.25,
      cpu: { usageSecondsTotal: 12.5, cores: 2 },
      host: { ...host, cpuSecondsTotal: 5 },
    });
    expect(toRows(snapshot(208, now), snapshot(207, before))[0]!.rates).toMatchObject({ cpuCores: 2, hostCpuCores: 1 });
    const restarted = { ...now, uptimeSeconds: 1 };
    expect(toRows(snapshot(208, restarted), snapshot(207, before))[0]!.rates.cpuCores).toBe(2.5);
  });

  it('takes the rates that Prometheus has computed', () => {
    const rates = {
      cpuCores: 0.5,
      hostCpuCores: null,
      receiveBytes: 0,
      transmitBytes: null,
      readBytes: null,
      writtenBytes: null,
      agentMilliseconds: null,
    };
    const now = snapshot(300, sandbox('a', { readSeconds: 299, rates }));
    const expected = { cpuCores: 0.5, hostCpuCores: undefined, receiveBytes: 0, agentMilliseconds: undefined };
    expect(toRows(now, snapshot(200, sandbox('a')))[0]!.rates).toMatchObject(expected);
  });

  it('has no rates without an earlier value, or when a counter was started again', () => {
    const [first] = toRows(snapshot(200, sandbox('a')));
    expect(first!.rates).toMatchObject({ cpuCores: undefined, agentMilliseconds: 10 });
    const restarted = sandbox('a', { readSeconds: 201, cpu: { usageSecondsTotal: 1, cores: 2 } });
    expect(toRows(snapshot(202, restarted), snapshot(200, sandbox('a')))[0]!.rates.cpuCores).toBeUndefined();
    expect(toRows(snapshot(202, sandbox('b')), snapshot(200, sandbox('a')))[0]!.rates.cpuCores).toBeUndefined();
    // Two collections that share a response.
    expect(toRows(snapshot(202, sandbox('a')), snapshot(200, sandbox('a')))[0]!.rates.cpuCores).toBeUndefined();
  });
});

describe('columns', () => {
  it('show a sandbox as text', () => {
    const row = toRows(snapshot(220, sandbox('0123456789abcdef')))[0]!;
    expect(Object.fromEntries(columns.map(({ key, text }) => [key, text(row)]))).toEqual({
      pod: '0123456789ab',
      node: '-',
      state: 'running',
      since: '1m',
      age: '2m',
      cpu: '- / 2',
      memory: '512.0 MiB / 1.0 GiB',
      host: '256.0 MiB',
      overhead: '-',
      network: '-',
      disk: '-',
      agent: '10.0 ms',
      load: '0.50',
      hostcpu: '-',
      oom: '0',
      restarts: '0',
      samples: '500',
      where: '/run/kata',
      id: '0123456789abcdef',
    });
  });
});

describe('columnsOf', () => {
  it.each([
    [false, false, ['pod', 'state'], ['node', 'where', 'load']],
    [false, true, ['pod', 'where', 'load'], ['node']],
    [true, false, ['pod', 'node'], ['where', 'load']],
    [true, true, ['pod', 'node', 'load'], ['where']],
  ])('hasNodes %s, isWide %s', (hasNodes, isWide, shown, hidden) => {
    const keys: string[] = columnsOf({ hasNodes, isWide }).map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(shown));
    expect(keys.filter((key) => hidden.includes(key))).toEqual([]);
  });
});

describe('selectRows', () => {
  const rows = toRows(
    snapshot(
      200,
      sandbox('a', { namespace: 'shop', pod: 'web', load1: 2 }),
      sandbox('b', { namespace: 'shop', pod: 'db', load1: null }),
      sandbox('c', {
        namespace: 'dev',
        pod: 'web',
        load1: 1,
        state: 'unresponsive',
        isHealthy: false,
        reasons: ['timeout'],
      }),
      sandbox('d', { load1: 1 }),
    ),
  );
  const select = (filter: Partial<RowFilter>, key: 'load' | 'pod' | 'state' = 'pod', isDescending = false) =>
    selectRows(rows, { text: '', isUnhealthyOnly: false, ...filter }, { key, isDescending })
      .map(({ status }) => status.id)
      .join('');

  it.each([
    [{}, 'dcba'],
    [{ text: 'web' }, 'ca'],
    [{ text: 'SHOP web' }, 'a'],
    [{ text: 'timeout' }, 'c'],
    [{ text: 'none' }, ''],
    [{ namespace: 'shop' }, 'ba'],
    [{ isUnhealthyOnly: true }, 'c'],
  ])('filters %j', (filter, ids) => {
    expect(select(filter)).toBe(ids);
  });

  it('sorts unknown values last, equal ones by name', () => {
    expect(select({}, 'load')).toBe('dcab');
    expect(select({}, 'load', true)).toBe('adcb');
    expect(select({}, 'state', true)[0]).toBe('c');
  });
});

describe('formats', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(1023.6), '1024 B'],
    [formatBytes(1536), '1.5 KiB'],
    [formatBytes(null), '-'],
    [formatBytes(Number.NaN), '-'],
    [formatRate(2 ** 20), '1.0 MiB/s'],
    [formatRate(undefined), '-'],
    [formatCores(0.984), '0.98'],
    [formatMilliseconds(0.26), '0.3 ms'],
    [formatMilliseconds(512.4), '512 ms'],
    [formatNumber(1234), '1,234'],
    [formatNumber(0.5), '0.50'],
    [formatNumber(Number.POSITIVE_INFINITY), '-'],
    [formatNumber(999_999_999_999_999), '999,999,999,999,999'],
    [formatNumber(1e308), '1.0e+308'],
    [formatNumber(18_446_744_073_709_552_000), '1.8e+19'],
    [formatNumber(1e-300), '0.00'],
    [formatBytes(1e308), '9.1e+295 TiB'],
    [formatCores(-1e308), '-1.0e+308'],
    [formatMilliseconds(1e20), '1.0e+20 ms'],
    [formatPercent(1e300), '1.0e+302 %'],
    [formatAge(1e308), '1.2e+303d'],
    [formatAge(-5.5), '-6s'],
  ])('%s is %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('rates of the details', () => {
  const detail = (readSeconds: number | null, values: readonly (readonly [string, Record<string, string>, string])[]) =>
    ({
      sandbox: { readSeconds },
      families: values.map(([name, labels, value]) => ({ name, samples: [{ name, labels, value }] })),
    }) as unknown as SandboxDetail;
  const io = (value: string) => ['kata_guest_pressure_io_waiting_seconds_total', {}, value] as const;

  it.each([
    ['a part of the time', [io('10')], [io('11')], [['guestWaitsForIo', 0.5]]],
    [
      'CPU modes, in milliseconds, of all CPUs',
      [['kata_guest_cpu_time', { cpu: 'total', item: 'user' }, '1000']],
      [['kata_guest_cpu_time', { cpu: 'total', item: 'user' }, '4000']],
      [['user', 1.5]],
    ],
    [
      'not those of one CPU',
      [['kata_guest_cpu_time', { cpu: '0', item: 'user' }, '1']],
      [['kata_guest_cpu_time', { cpu: '0', item: 'user' }, '2']],
      [],
    ],
    ['none for a counter that was started again', [io('10')], [io('1')], []],
    ['none for a value that is no number', [io('10')], [io('NaN')], []],
    ['none for a new family', [], [io('1')], []],
  ] as const)('%s', (_, before, now, expected) => {
    const rates = toDetailRates(readDetailTotals(detail(12, now))!, readDetailTotals(detail(10, before)));
    expect([...rates]).toEqual(expected);
  });

  it('are measured by the clock of the guest, or of the host for what the host counts', () => {
    const at = (readSeconds: number, uptimeSeconds: number, value: string) => {
      const { families } = detail(0, [io(value), ['kata_hypervisor_vcpu_wait_seconds_total', { cpu: '0' }, value]]);
      return readDetailTotals({ sandbox: { readSeconds, uptimeSeconds }, families } as unknown as SandboxDetail)!;
    };
    expect([...toDetailRates(at(12, 54, '2'), at(10, 50, '1'))]).toEqual([
      ['guestWaitsForIo', 0.25],
      ['vcpusWait', 0.5],
    ]);
  });

  it('need a response of the shim', () => {
    expect(readDetailTotals(detail(null, [io('1')]))).toBeUndefined();
    expect([...toDetailRates(readDetailTotals(detail(10, [io('1')]))!, undefined)]).toEqual([]);
  });

  it('tells what has happened, and nothing for counts of 0', () => {
    const panic = ['kata_hypervisor_guest_events_total', { event: 'panicked' }, '1'] as const;
    const noKill = ['kata_shim_sandbox_oom_kills_total', {}, '0'] as const;
    expect(describeIncidents(detail(1, [noKill, panic]))).toEqual(['The kernel of the guest has panicked (1).']);
  });
});

describe('explanations', () => {
  it('has words for every reason', () => {
    expect(sandboxErrorReasonList.filter((reason) => describeReason(reason) === undefined)).toEqual([]);
    expect(describeReason('constructor')).toBeUndefined();
  });

  it('names runbooks that exist', () => {
    const unhealthy = sandboxStates.flatMap((state) =>
      [[], ['slow'], ['unsafe_socket'], ['local_shortage'], ['bad_value']].map((reasons) =>
        sandbox('a', { state, reasons, isHealthy: false }),
      ),
    );
    const names = unhealthy.map((status) => runbookOf(status)!);
    expect(names.filter((name) => !existsSync(join(import.meta.dirname, '../../docs/runbooks', name)))).toEqual([]);
    expect(runbookOf(sandbox('a'))).toBeUndefined();
  });
});
