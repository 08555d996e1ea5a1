import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CatalogFamily } from '../../../collectors/index.ts';
import { type AttachedMonitor, checkMonitorPath, watchMonitor } from './attached-monitor.ts';
import { GuestEvents, isGuestPanic } from './guest-events.ts';

const BALLOON = 'kata_hypervisor_balloon_guest_memory_bytes';

function valuesOf(families: readonly CatalogFamily[]): Record<string, unknown> {
  return Object.fromEntries(
    families.flatMap(({ name, samples }) =>
      samples.map(({ labels, value }): [string, unknown] => [labels['event'] ?? name, value]),
    ),
  );
}

const NONE = { crash_loaded: 0, panicked: 0, reset: 0, shutdown: 0, watchdog: 0 };

describe('GuestEvents', () => {
  it.each([
    ['at first', [], undefined, false],
    ['after STOP', ['STOP'], undefined, true],
    ['after RESUME', ['STOP', 'RESUME'], undefined, false],
    ['when the shim connects to a machine that is paused', [], { status: 'paused', running: false }, true],
    ['when it connects again to one that runs', ['STOP'], { status: 'running', running: true }, false],
    ['when the response says nothing', ['STOP'], { running: 'no' }, true],
  ] as const)('knows whether the machine is paused: %s', (_, names, status, isPaused) => {
    const events = new GuestEvents();
    for (const name of names) {
      events.hear({ name, data: {} });
    }
    events.noteStatus(status);
    expect(events.isPaused).toBe(isPaused);
  });

  it.each([
    ['nothing', [], {}],
    ['a panic', [{ name: 'GUEST_PANICKED', data: { action: 'poweroff' } }], { panicked: 1 }],
    [
      'two resets',
      [
        { name: 'RESET', data: { guest: true } },
        { name: 'RESET', data: {} },
      ],
      { reset: 2 },
    ],
    ['an event that is not counted', [{ name: 'NIC_RX_FILTER_CHANGED', data: {} }], {}],
    [
      'a name of every object',
      [
        { name: 'toString', data: {} },
        { name: '__proto__', data: {} },
      ],
      {},
    ],
    ['a balloon', [{ name: 'BALLOON_CHANGE', data: { actual: 268435456 } }], { [BALLOON]: 268435456 }],
    ['a balloon that says nothing', [{ name: 'BALLOON_CHANGE', data: { actual: 'x' } }], {}],
    ['a balloon below zero', [{ name: 'BALLOON_CHANGE', data: { actual: -1 } }], {}],
  ])('counts %s', (_, heard, more) => {
    const events = new GuestEvents();
    for (const event of heard) {
      events.hear(event);
    }
    expect(valuesOf(events.collect())).toEqual({ ...NONE, ...more });
  });

  it.each([
    [[], undefined, false],
    [[], 'guest-reset', false],
    [[], 'guest-panic', true],
    [['GUEST_PANICKED'], undefined, true],
  ])('tells a panic: events %j and the reason %s of the end', (names, reason, isPanic) => {
    const events = new GuestEvents();
    for (const name of names) {
      events.hear({ name, data: {} });
    }
    expect(isGuestPanic(events, reason)).toBe(isPanic);
  });
});

describe('the monitor of a QEMU that others have started', () => {
  let folder: string;
  let path: string;
  let server: Server;
  let watched: AttachedMonitor | undefined;
  let clients: Socket[];
  let hasBalloon: boolean;
  const onProblem = vi.fn();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qm-'));
    path = join(folder, 'extra-monitor.sock');
    clients = [];
    hasBalloon = true;
    onProblem.mockClear();
    server = createServer((client) => {
      clients.push(client);
      client.on('error', () => undefined);
      client.write('{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}\r\n');
      createInterface({ input: client }).on('line', (line) => {
        const { execute, id } = JSON.parse(line) as { execute: string; id: number };
        const refused = execute === 'query-balloon' && !hasBalloon;
        const response = execute === 'query-balloon' ? { actual: 1024 } : {};
        client.write(
          `${JSON.stringify(refused ? { error: { class: 'DeviceNotActive', desc: 'No balloon' }, id } : { return: response, id })}\r\n`,
        );
      });
    });
  });

  afterEach(async () => {
    watched?.close();
    for (const client of clients) {
      client.destroy();
    }
    server.close();
    await once(server, 'close').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const watch = (): void => {
    const retry = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    watched = watchMonitor({ socketPath: path, timeoutMs: 10_000, onProblem, wait: retry });
  };
  const values = () => valuesOf(watched!.collector.collect(undefined) as CatalogFamily[]);

  it('is heard, and again after it was closed; the counts go on', async () => {
    server.listen(path);
    await once(server, 'listening');
    watch();
    await vi.waitFor(() => expect(values()).toEqual({ ...NONE, [BALLOON]: 1024 }), 10_000);
    clients[0]!.write('{"event": "GUEST_PANICKED", "data": {"action": "pause"}}\r\n');
    await vi.waitFor(() => expect(values()).toMatchObject({ panicked: 1 }), 10_000);
    clients[0]!.destroy();
    await vi.waitFor(() => expect(clients).toHaveLength(2), 10_000);
    clients[1]!.write('{"event": "WATCHDOG", "data": {}}\r\n');
    await vi.waitFor(() => expect(values()).toMatchObject({ panicked: 1, watchdog: 1 }), 10_000);
    expect(onProblem).not.toHaveBeenCalled();
  });

  it('has no balloon where QEMU has none', async () => {
    hasBalloon = false;
    server.listen(path);
    await once(server, 'listening');
    watch();
    await vi.waitFor(() => expect(clients).toHaveLength(1), 10_000);
    clients[0]!.write('{"event": "RESET", "data": {}}\r\n');
    await vi.waitFor(() => expect(values()).toEqual({ ...NONE, reset: 1 }), 10_000);
  });

  it('is reported once when it is not there, and found later', async () => {
    watch();
    await vi.waitFor(() => expect(onProblem).toHaveBeenCalledOnce(), 10_000);
    expect(onProblem.mock.calls[0]![0]).toContain(`Cannot read the monitor "${path}" of QEMU`);
    server.listen(path);
    await vi.waitFor(() => expect(values()).toHaveProperty(BALLOON), 10_000);
    expect(onProblem).toHaveBeenCalledOnce();
  });

  it.each([
    ['/run/vc/vm/abc/qmp.sock', false],
    ['/run/kata/abc/qmp.sock', false],
    ['/run/vc/vm/abc/extra-monitor.sock', true],
    ['/run/my-qmp.sock', true],
  ])('at %s can be used: %s', (monitorPath, isUsable) => {
    expect(checkMonitorPath(monitorPath) === undefined).toBe(isUsable);
  });
});
