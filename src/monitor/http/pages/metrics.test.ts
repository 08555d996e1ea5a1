import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeText } from '../../../exposition/index.ts';
import { Discovery } from '../../../sandboxes/index.ts';
import { ShimClient } from '../../../shim-client/index.ts';
import type { MetricsResponse } from '../../answer/metrics-responder.ts';
import { OwnMetrics } from '../../answer/own-metrics.ts';
import { CountGate } from '../count-gate.ts';
import { ScrapeGate } from '../scrape-gate.ts';
import { metricsPage } from './metrics.ts';
import type { PageParts } from './page.ts';

let parts: PageParts;
let respond: () => Promise<MetricsResponse>;

beforeEach(() => {
  respond = async () => ({ status: 200, headers: {}, body: Buffer.from('a 1\n') });
  parts = {
    discovery: new Discovery({ roots: [] }),
    shimClient: new ShimClient(),
    exporters: undefined,
    responder: { respond: () => respond(), respondContainers: () => respond() },
    ownMetrics: new OwnMetrics(() => 7),
    profileGate: new CountGate(2, 'profiles'),
    scrapeGate: new ScrapeGate({ scrapeTimeoutMs: 10_000, timeoutOffsetMs: 500, webMaxRequests: 2 }),
    api: undefined as unknown as PageParts['api'],
    events: undefined as unknown as PageParts['events'],
    limits: { shimTimeoutMs: 3000 },
  };
});

afterEach(() => {
  parts.shimClient.close();
  parts.discovery.close();
});

async function ask(isComplete: boolean, query = ''): Promise<unknown> {
  const { promise: finished, resolve } = Promise.withResolvers<{ isComplete: boolean }>();
  const request = {
    path: '/metrics',
    query: new URLSearchParams(query),
    header: () => undefined,
    signal: new AbortController().signal,
    finished,
    cutOff: () => expect.unreachable(),
  };
  try {
    return await metricsPage.handle(request, parts);
  } finally {
    resolve({ isComplete });
    await finished;
  }
}

const ownText = (): string => encodeText(parts.ownMetrics.collect()).toString();

describe('/metrics', () => {
  it('counts every request and its duration', async () => {
    expect(ownText()).toContain('\nkata_monitor_scrape_count 0\n');
    await ask(true);
    await ask(true);
    const text = ownText();
    expect(text).toContain('\nkata_monitor_scrape_count 2\n');
    expect(text).toContain('\nkata_monitor_scrape_failed_count 0\n');
    expect(text).toContain('\nkata_monitor_scrape_durations_histogram_milliseconds_count 2\n');
    expect(text).toContain('\nkata_monitor_running_shim_count 7\n');
  });

  it('counts responses that could not be generated or sent as failed, but not failed sandboxes', async () => {
    await expect(ask(true, 'sandbox=none')).rejects.toThrow('No sandbox "none" on this node');
    await expect(ask(true, 'sandbox=/')).rejects.toThrow('Parameter "sandbox" is not the id');
    respond = async () => ({ status: 504, headers: {}, body: Buffer.alloc(0) });
    await ask(true);
    expect(ownText()).toContain('\nkata_monitor_scrape_failed_count 0\n');
    await ask(false);
    respond = () => Promise.reject(new Error('Broken'));
    await expect(ask(true)).rejects.toThrow('Broken');
    expect(ownText()).toContain('\nkata_monitor_scrape_failed_count 2\n');
  });

  it('rejects requests beyond the limit', async () => {
    const released = Promise.withResolvers<MetricsResponse>();
    respond = () => released.promise;
    const running = [ask(true), ask(true)];
    const refused = ask(true);
    await expect(refused).rejects.toMatchObject({ status: 503 });
    await expect(refused).rejects.toThrow('Too many concurrent requests for /metrics, limit 2');
    released.resolve({ status: 200, headers: {}, body: Buffer.alloc(0) });
    await Promise.all(running);
    await expect(ask(true)).resolves.toMatchObject({ status: 200 });
    expect(ownText()).toContain('\nkata_monitor_scrape_failed_count 1\n');
  });

  it('has the buckets of the Go monitor', async () => {
    const boundaries = [...ownText().matchAll(/_bucket\{le="([^"]+)"\}/g)].map(([, bound]) => bound);
    expect(boundaries).toEqual(['1', '2', '4', '8', '16', '32', '64', '128', '256', '512', '+Inf']);
  });
});
