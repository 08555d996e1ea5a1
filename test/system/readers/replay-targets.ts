/**
 * Scrape targets that give Prometheus recorded responses, one for each scrape. Several targets share the responses of a job,
 * so that each is scraped only now and then; where nothing is left they give an empty body.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A response of /metrics in one form. */
export interface Recorded {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** When which target gave a response. */
export interface Played {
  readonly recorded: Recorded;
  readonly slot: number;
  /** Unix time of the request. A scrape has the time of its start, which is earlier, and the next one an interval later. */
  readonly requestedMs: number;
}

export interface ReplayTargets {
  /** Scrape configs of prometheus.yml, one job for each name. */
  readonly scrapeConfigs: string;
  /** Resolves when all of them have been scraped, and the scrapes are over. */
  play(job: string, responses: readonly Recorded[]): Promise<readonly Played[]>;
  close(): Promise<void>;
}

interface Slot {
  readonly queue: { readonly recorded: Recorded; readonly done: (played: Played) => void }[];
  /** What the last scrape got: that is over when the next one begins. */
  last: (() => void) | undefined;
}

/** Long enough for a machine that does other things too; targets are many, so that each is scraped only a few times. */
const INTERVAL_SECONDS = 10;

export async function startReplayTargets(jobs: readonly string[], slotsPerJob: number): Promise<ReplayTargets> {
  const slots = new Map(
    jobs.flatMap((job) =>
      Array.from({ length: slotsPerJob }, (_, slot): [string, Slot] => [
        `/${job}/${slot}`,
        { queue: [], last: undefined },
      ]),
    ),
  );
  const server = createServer((request, response) => {
    const slot = slots.get(request.url ?? '');
    if (slot === undefined) {
      response.writeHead(404).end();
      return;
    }
    slot.last?.();
    slot.last = undefined;
    const requestedMs = Date.now();
    const next = slot.queue.shift();
    if (next === undefined) {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end();
      return;
    }
    const { recorded, done } = next;
    const number = Number(request.url!.split('/')[2]);
    slot.last = () => done({ recorded, slot: number, requestedMs });
    response.writeHead(200, { 'content-type': recorded.contentType });
    response.end(recorded.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configs = jobs.map((job) => {
    const targets = Array.from(
      { length: slotsPerJob },
      (_, slot) =>
        `      - { targets: ['${address}'], labels: { __metrics_path__: /${job}/${slot}, slot: '${slot}' } }\n`,
    );
    return `  - job_name: ${job}\n    honor_timestamps: false\n    static_configs:\n${targets.join('')}`;
  });
  return {
    scrapeConfigs: `global: { scrape_interval: ${INTERVAL_SECONDS}s, scrape_timeout: ${INTERVAL_SECONDS}s }\nscrape_configs:\n${configs.join('')}`,
    play: (job, responses) =>
      Promise.all(
        responses.map(
          (recorded, i) =>
            new Promise<Played>((done) => slots.get(`/${job}/${i % slotsPerJob}`)!.queue.push({ recorded, done })),
        ),
      ),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
