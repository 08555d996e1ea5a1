/**
 * Stands between Prometheus and the monitor, passes each scrape on, and keeps the body that came back, so that a test can
 * hold what Prometheus made of a body to the body.
 */
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PassedScrape {
  /** Content type of the response. */
  readonly contentType: string;
  readonly body: string;
}

export interface ScrapeProxy {
  /** `host:port` to scrape. */
  readonly target: string;
  /** In their order. */
  readonly scrapes: readonly PassedScrape[];
  /** Resolves when so many have passed. */
  waitForScrapes(count: number): Promise<void>;
  close(): Promise<void>;
}

/** `accept` takes the place of the client's header; by default that is passed on. */
export async function startScrapeProxy(monitorUrl: string, accept?: string): Promise<ScrapeProxy> {
  const scrapes: PassedScrape[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const headers = {
      accept: accept ?? request.headers.accept ?? '',
      'x-prometheus-scrape-timeout-seconds': String(request.headers['x-prometheus-scrape-timeout-seconds']),
    };
    const upstream = get(`${monitorUrl}${request.url}`, { headers, agent: false }, (reply: IncomingMessage) => {
      const pass = (pieces: Buffer[]): void => {
        const body = Buffer.concat(pieces);
        const contentType = reply.headers['content-type'] ?? '';
        scrapes.push({ contentType, body: body.toString() });
        response.writeHead(reply.statusCode ?? 500, { 'content-type': contentType });
        response.end(body);
        for (const { resolve } of waiting.filter(({ count }) => count === scrapes.length)) {
          resolve();
        }
      };
      // The monitor may end in the middle of a response: then this one ends as well.
      reply.toArray().then(pass, () => response.destroy());
    });
    upstream.on('error', () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    scrapes,
    waitForScrapes: (count) =>
      new Promise((resolve) => {
        if (scrapes.length >= count) {
          resolve();
        }
        waiting.push({ count, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
