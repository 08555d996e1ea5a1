import { describe, expect, it } from 'vitest';
import type { SandboxDetail, SandboxStatus, Snapshot } from '../../api/index.ts';
import { toRows } from '../../view/index.ts';
import { formatCsv } from './top-csv.ts';
import { renderScreen, type ScreenFacts } from './top-screen.ts';
import type { TopState } from './top-state.ts';

const state: TopState = {
  screen: 'table',
  order: { key: 'pod', isDescending: false },
  filter: { text: '', namespace: undefined, isUnhealthyOnly: false },
  isTyping: false,
  selectedId: undefined,
  scroll: 0,
  isOver: false,
};

function sandbox(id: string, changes: Partial<SandboxStatus> = {}): SandboxStatus {
  return {
    id,
    namespace: 'shop',
    pod: `pod-of-${id}`,
    state: 'running',
    isHealthy: true,
    reasons: [],
    message: null,
    startSeconds: 0,
    restarts: 0,
    stateSinceSeconds: 60,
    samples: 100,
    readSeconds: 119,
    node: null,
    root: '/r',
    cpu: { usageSecondsTotal: 1, cores: 2 },
    memory: { totalBytes: 1024, availableBytes: 256, workingSetBytes: 768 },
    host: { memoryBytes: 2048, cpuSecondsTotal: 1, overheadMemoryBytes: null },
    network: { receiveBytesTotal: null, transmitBytesTotal: null },
    disk: { readBytesTotal: null, writtenBytesTotal: null },
    load1: null,
    agent: { millisecondsTotal: null, callsTotal: null },
    rates: null,
    ...changes,
  } as unknown as SandboxStatus;
}

function facts(sandboxes: readonly SandboxStatus[], changes: Partial<ScreenFacts> = {}): ScreenFacts {
  const node = {
    hostname: 'node-1',
    sandboxes: sandboxes.length,
    nowSeconds: 120,
    sandboxesByState: { running: sandboxes.length, broken: 0 },
    collection: { seconds: 0.012, samples: 1234, problems: 0 },
  };
  const snapshot = { node, sandboxes } as unknown as Snapshot;
  return {
    snapshot,
    rows: toRows(snapshot),
    detail: undefined,
    problem: undefined,
    history: [],
    isWide: false,
    width: 80,
    height: 10,
    ...changes,
  };
}

const texts = (of: TopState, with_: ScreenFacts) => renderScreen(of, with_).map(({ text }) => text);

describe('renderScreen', () => {
  it('shows a table', () => {
    expect(
      texts(
        state,
        facts([sandbox('a'), sandbox('b', { state: 'unresponsive', isHealthy: false, reasons: ['timeout'] as never })]),
      ),
    ).toEqual([
      'node-1: 2 sandboxes (2 running)  12.0 ms, 1,234 samples',
      '',
      '  POD▲           STATE                   SINCE    CPU           MEMORY  HOST MEM',
      '> shop/pod-of-a  running                    1m  - / 2  768 B / 1.0 KiB   2.0 KiB',
      '  shop/pod-of-b  unresponsive (timeout)     1m  - / 2  768 B / 1.0 KiB   2.0 KiB',
      '',
      '',
      '',
      '',
      'q: quit  ?: help  /: filter  Enter: details',
    ]);
  });

  it.each([1, 20, 40, 60, 80, 109, 110, 200, 1000])('fits lines of the table into %i columns', (width) => {
    const lines = texts(state, facts([sandbox('a'), sandbox('b')], { width })).slice(2, 5);
    // Name and state are kept, whatever the width is; the terminal cuts them.
    expect(lines.every((line) => line.length <= Math.max(width, 2 + 20 + 2 + 7))).toBe(true);
    expect(lines[1]).toMatch(/^> shop\/pod-of\S+ +running/);
  });

  it('has bars where there is place, and the wide columns on request', () => {
    expect(texts(state, facts([sandbox('a')], { width: 160 }))[3]).toContain('[||||||||  ] 768 B / 1.0 KiB');
    expect(texts(state, facts([sandbox('a')], { isWide: true }))[2]).toMatch(
      /LOAD +HOST CPU +OOM KILLS +RESTARTS +SAMPLES +WHERE +SANDBOX$/,
    );
  });

  it('keeps the selected row in sight among many', () => {
    const many = Array.from({ length: 500 }, (_, i) => sandbox(String(i).padStart(3, '0')));
    const lines = texts({ ...state, selectedId: '250' }, facts(many));
    expect(lines).toHaveLength(10);
    expect(lines.find((line) => line.startsWith('> '))).toContain('pod-of-250');
    expect(lines.at(-2)).toBe('  249-253 of 500');
    expect(texts({ ...state, selectedId: '499' }, facts(many)).find((line) => line.startsWith('>'))).toContain('499');
  });

  it.each([1, 2, 3, 4, 5])('has at most %i lines', (height) => {
    for (const screen of ['table', 'detail', 'help'] as const) {
      expect(
        texts({ ...state, screen }, facts([sandbox('a')], { height, problem: 'lost' })).length,
      ).toBeLessThanOrEqual(height);
    }
  });

  it.each<[string, Partial<TopState>, Partial<ScreenFacts>, string]>([
    ['before the first read', {}, { snapshot: undefined, rows: [] }, 'Reading the sandboxes ...'],
    ['without sandboxes', {}, facts([]), 'No sandboxes on this node.'],
    ['without a match', {}, { rows: [] }, 'No sandbox matches. Esc: clear the filter'],
    ['after a failed read', {}, { problem: 'Cannot read\u001b[31m' }, 'Cannot read\\u001b[31m'],
    [
      'while typing',
      { isTyping: true, filter: { ...state.filter, text: 'web' } },
      {},
      'Filter: web_  (Enter: done, Esc: clear)',
    ],
    ['for help', { screen: 'help' }, { height: 30 }, 'n                    next namespace, then all again'],
    ['for a sandbox that has ended', { screen: 'detail', selectedId: 'gone' }, {}, 'This sandbox has ended.'],
    [
      'with filters',
      { filter: { text: 'x', namespace: 'shop', isUnhealthyOnly: true } },
      {},
      'filter "x"  namespace shop  only unhealthy  q: quit  ?: help  /: filter  Enter: details',
    ],
  ])('shows a line %s', (_name, part, changes, line) => {
    expect(texts({ ...state, ...part }, facts([sandbox('a')], changes))).toContain(line);
  });

  it('shows what is wrong with a sandbox, and its metrics as text', () => {
    const evil = '\u001b]0;owned\u0007\u202e\n';
    const status = sandbox('a', {
      state: 'unresponsive',
      isHealthy: false,
      reasons: ['timeout'] as never,
      message: evil,
    });
    const detail = {
      sandbox: status,
      containers: [{ id: 'c', name: evil, image: '', cpuSecondsTotal: 1, memoryBytes: 1024 }],
      families: [
        {
          name: 'kata_guest_x',
          type: 'gauge',
          unit: null,
          help: evil,
          samples: [{ name: 'kata_guest_x', labels: { a: evil }, value: '1' }],
        },
        {
          name: 'kata_guest_vm_stat',
          type: 'gauge',
          unit: null,
          help: null,
          samples: [{ name: 'kata_guest_vm_stat', labels: { item: 'oom_kill' }, value: '2' }],
        },
      ],
    } as SandboxDetail;
    const lines = texts(
      { ...state, screen: 'detail', selectedId: 'a' },
      facts([status], { detail, height: 60, history: [0, 1, 2], detailRates: new Map([['guestWaitsForIo', 0.125]]) }),
    );
    expect(lines).toContain('unresponsive, for 1m');
    expect(lines).toContain('What to do: docs/runbooks/katasandboxdown.md');
    expect(lines.some((line) => line.startsWith('timeout: The shim did not respond in time.'))).toBe(true);
    expect(lines).toContain('HISTORY     ▄█');
    expect(lines).toContain('PRESSURE   I/O 12.5 %');
    expect(lines).toContain('The kernel of the guest has killed processes because memory was short (2).');
    expect(lines.filter((line) => /[\u0000-\u001f\u007f\u202e]/.test(line))).toEqual([]);
    expect(lines.some((line) => line.startsWith('  kata_guest_x{a='))).toBe(true);
  });
});

describe('formatCsv', () => {
  it('has numbers without units, and no formula', () => {
    const status = sandbox('a', { namespace: '=cmd()', pod: '@x,"y"', reasons: ['timeout', 'slow'] as never });
    const [header, line] = formatCsv(toRows(facts([status]).snapshot!)).split('\n');
    expect(header).toMatch(/^namespace,pod,id,node,where,state,reasons,/);
    expect(line).toBe(`'=cmd(),"'@x,""y""",a,,/r,running,timeout slow,60,0,,2,768,1024,2048,,,,,,,,,100`);
  });
});
