/**
 * What Prometheus stores as the type of each family when it scrapes with its defaults, with and without native histograms:
 * the types that the response in text 0.0.4 states. Names alone would be the same in every form.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerInChunks } from '../../support/fake-shim.ts';
import { type Prometheus, startPrometheus } from '../../support/prometheus.ts';
import { parseAnswer } from '../../support/reference-exposition.ts';
import { missingPackages } from '../../support/requirements.ts';
import { type ScrapeProxy, startScrapeProxy } from '../../support/scrape-proxy.ts';
import { goodBody } from '../faults/good-body.ts';
import { startTestNode, type TestNode } from './node.ts';

const missing = missingPackages(['prometheus']);

const modes = [
  { title: 'by default', flags: [], mediaType: 'text/plain' },
  {
    title: 'with native histograms',
    flags: ['--enable-feature=native-histograms'],
    mediaType: 'application/vnd.google.protobuf',
  },
] as const;

describe.skipIf(missing.length > 0)(
  `Types that Prometheus stores (needs ${missing.join(', ') || 'nothing more'})`,
  () => {
    let node: TestNode;
    let proxies: ScrapeProxy[] = [];
    let servers: Prometheus[] = [];
    let types: ReadonlyMap<string, string>;

    beforeAll(async () => {
      node = await startTestNode(10_000);
      (await node.addShim('good')).setAnswer(answerInChunks(goodBody));
      proxies = await Promise.all(modes.map(() => startScrapeProxy(node.url)));
      servers = await Promise.all(
        modes.map(({ flags }, i) =>
          startPrometheus(
            `global: { scrape_interval: 5s, scrape_timeout: 5s }\nscrape_configs:\n  - job_name: kata\n    static_configs: [{ targets: ['${proxies[i]!.target}'] }]\n`,
            { flags },
          ),
        ),
      );
      // The first scrape is stored when the second one begins.
      await Promise.all(proxies.map((proxy) => proxy.waitForScrapes(2)));
      const text = await (await fetch(`${node.url}/metrics`)).text();
      const { series, types: stated } = parseAnswer(text);
      const names = new Set(series.map(({ name }) => name));
      const hasSamples = (name: string): boolean =>
        ['', '_bucket', '_sum', '_count'].some((suffix) => names.has(name + suffix));
      types = new Map(
        [...stated].flatMap(([name, type]) =>
          hasSamples(name) ? [[name, type === 'untyped' ? 'unknown' : type]] : [],
        ),
      );
    });

    afterAll(async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await node?.stop();
    });

    it.each(modes.map((mode, i) => ({ ...mode, i })))('are those of the response, $title', async ({ mediaType, i }) => {
      expect(proxies[i]!.scrapes[0]!.contentType.split(';')[0]).toBe(mediaType);
      // The first response lacks what only a scrape before it can tell; a later one may not be stored yet.
      const listStored = async () => {
        const metadata = await servers[i]!.listMetadata();
        const stored = Object.entries(metadata).map(([name, [first]]): [string, string] => [name, first!.type]);
        return new Map(stored.filter(([name]) => types.has(name)));
      };
      await expect.poll(listStored).toEqual(types);
      expect(types.get('kata_monitor_scrape_count')).toBe('counter');
    });
  },
);
