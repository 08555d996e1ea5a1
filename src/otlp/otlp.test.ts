import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { keepNames, noLabels, planMerge, runToEnd, scan } from '../exposition/index.ts';
import { type RunningOtlp, startOtlp } from './index.ts';

const server = createServer();
let running: RunningOtlp | undefined;

afterEach(async () => {
  await running?.close();
  server.closeAllConnections();
  server.close();
});

it('is quiet for as long as the endpoint wants', async () => {
  let requests = 0;
  server.on('request', (request, response) => {
    requests++;
    request.resume();
    response.writeHead(429, { 'retry-after': '3600' }).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const plan = planMerge([{ id: '', scan: scan(Buffer.from('a 1\n')), labels: noLabels, naming: keepNames }]);
  let released = 0;
  running = startOtlp({
    settings: {
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      protocol: 'http/protobuf',
      headers: {},
      intervalMs: 1000,
      timeoutMs: 60_000,
      compression: 'none',
      resourceAttributes: {},
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
    },
    version: '1',
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    work: { run: async (steps) => runToEnd(steps) },
    read: async () => ({
      plan,
      sandboxes: [],
      release: () => {
        released++;
      },
    }),
  });
  const failed = (): number | undefined => {
    const pushes = running!.collect().find(({ name }) => name === 'kata_monitor_otlp_pushes_total');
    return Number(pushes?.samples.find(({ labels }) => 'outcome' in labels && labels['outcome'] === 'failed')?.value);
  };
  await vi.waitFor(() => expect(failed()).toBeGreaterThan(1), 30_000);
  expect(requests).toBe(released);
  expect(requests).toBe(1);
});
