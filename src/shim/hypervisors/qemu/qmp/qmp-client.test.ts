import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { QmpEvent } from './message.ts';
import { QmpClient } from './qmp-client.ts';

const GREETING = '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}\r\n';

type Response = (command: string, id: number) => string | undefined;

/** The other end of a monitor: greets, agrees to leave the first mode, and responds to the rest as told. */
function startMonitor(response: Response = () => undefined): { client: Duplex; monitor: Duplex; commands: string[] } {
  const [client, monitor] = duplexPair();
  const commands: string[] = [];
  createInterface({ input: monitor }).on('line', (line) => {
    const { execute, id } = JSON.parse(line) as { execute: string; id: number };
    commands.push(execute);
    const text = execute === 'qmp_capabilities' ? `{"return": {}, "id": ${id}}` : response(execute, id);
    monitor.write(text === undefined ? '' : `${text}\r\n`);
  });
  monitor.write(GREETING);
  return { client, monitor, commands };
}

const open = (stream: Duplex, onEvent?: (event: QmpEvent) => void): Promise<QmpClient> =>
  QmpClient.open(stream, { timeoutMs: 5_000, ...(onEvent && { onEvent }) });

describe('QmpClient', () => {
  it('knows the version, and leaves the mode of the greeting', async () => {
    const { client, commands } = startMonitor();
    const qmp = await open(client);
    expect([qmp.version, commands]).toEqual(['7.2.22', ['qmp_capabilities']]);
    qmp.close();
  });

  it('gives each command its own response, in any order, with events in between', async () => {
    const late: string[] = [];
    const { client, monitor } = startMonitor((command, id) => {
      late.unshift(`{"return": "${command}", "id": ${id}}`);
      return late.length === 2 ? `{"event": "STOP"}\n${late.join('\n')}` : undefined;
    });
    const onEvent = vi.fn();
    const qmp = await open(client, onEvent);
    const responses = await Promise.all(['a', 'b'].map((command) => qmp.execute(command, {}, { timeoutMs: 5_000 })));
    expect(responses).toEqual(['a', 'b']);
    expect(onEvent.mock.calls).toEqual([[{ name: 'STOP', data: {} }]]);
    monitor.destroy();
  });

  it('passes on that QEMU refuses', async () => {
    const { client } = startMonitor(
      (_, id) => `{"id": ${id}, "error": {"class": "CommandNotFound", "desc": "no such"}}`,
    );
    const qmp = await open(client);
    await expect(qmp.execute('x', {}, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: 'refused',
      message: 'QEMU refused: no such',
    });
    qmp.close();
  });

  it('gives up a command without a response, and goes on with the next', async () => {
    const { client } = startMonitor((command, id) => (command === 'slow' ? undefined : `{"return": 1, "id": ${id}}`));
    const qmp = await open(client);
    await expect(qmp.execute('slow', {}, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'timeout',
      message: 'QEMU did not respond to "slow" within 1 ms',
    });
    expect(await qmp.execute('next', {}, { timeoutMs: 5_000 })).toBe(1);
    qmp.close();
  });

  it('ends what waits when the monitor goes', async () => {
    const { client, monitor } = startMonitor(() => {
      monitor.destroy();
      return undefined;
    });
    const qmp = await open(client);
    await expect(qmp.execute('quit', {}, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'closed' });
    await expect(qmp.execute('quit', {}, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'closed' });
    expect((await qmp.closed).code).toBe('closed');
  });

  it('waits for a greeting no longer than its timeout', async () => {
    const [client] = duplexPair();
    await expect(QmpClient.open(client, { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
    expect(client.destroyed).toBe(true);
  });

  it.each([
    ['no JSON', 'hello\n'],
    ['no object', '[]\n'],
    ['bytes that are no text', '\u0000\u00ff\n'],
    ['a line without end', 'x'.repeat(1024 * 1024 + 1)],
    ['nesting without end', `${'['.repeat(100_000)}\n`],
  ])('closes the line at %s', async (_, text) => {
    const { client, monitor } = startMonitor();
    const qmp = await open(client);
    monitor.write(text);
    expect((await qmp.closed).code).toBe('invalid');
    expect(client.destroyed).toBe(true);
  });

  it('ignores responses to commands that it has not sent', async () => {
    const { client, monitor } = startMonitor((_, id) => `{"return": 7, "id": ${id}}`);
    const qmp = await open(client);
    monitor.write('{"return": 1, "id": 99}\n{"error": {"desc": "x"}, "id": -1}\n{"return": 1, "id": 1e300}\n\n');
    expect(await qmp.execute('x', {}, { timeoutMs: 5_000 })).toBe(7);
    qmp.close();
  });

  it('reads the same however the bytes are split', async () => {
    const responses = Buffer.from('{"return": {}, "id": 1}\r\n{"event": "A", "data": {"x": "ä€"}}\n{"event": "B"}\n');
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: responses.length - 1 })), async (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), responses.length];
        const [client, monitor] = duplexPair();
        monitor.once('data', () => {
          for (const [index, edge] of edges.slice(1).entries()) {
            monitor.write(responses.subarray(edges[index], edge));
          }
        });
        monitor.write(GREETING);
        const events: string[] = [];
        const done = Promise.withResolvers<void>();
        const qmp = await open(client, ({ name, data }) => {
          events.push(`${name} ${JSON.stringify(data)}`);
          if (name === 'B') {
            done.resolve();
          }
        });
        await done.promise;
        expect(events).toEqual(['A {"x":"ä€"}', 'B {}']);
        qmp.close();
      }),
      { numRuns: 50 },
    );
  });
});
