/**
 * The parts of the monitor that its pages use, with the limits of the requests for each. Created by `start-monitor.ts`.
 */
import type { MonitorSettings } from '../settings/monitor.ts';
import type { ShimClient } from '../shim-client/index.ts';
import type { OwnMetrics } from './answer/own-metrics.ts';
import type { StreamsNode } from './api/read-node.ts';
import type { Collections } from './events/serves-events.ts';
import { CountGate } from './http/count-gate.ts';
import type { ApiParts, PageParts } from './http/pages/page.ts';
import { ScrapeGate } from './http/scrape-gate.ts';
import type { WatchedNode } from './watched-node.ts';

/** Limit of concurrent requests for pages of profilers. */
const MAX_PROFILES = 2;

export interface PagePartsOptions {
  readonly settings: MonitorSettings;
  /** Version of the package. */
  readonly version: string;
  readonly node: WatchedNode;
  readonly readers: Pick<ApiParts, 'reader'> &
    Pick<PageParts, 'exporters' | 'responder'> & { readonly stream: Collections & StreamsNode };
  readonly shimClient: ShimClient;
  readonly ownMetrics: OwnMetrics;
}

export function createPageParts(options: PagePartsOptions): PageParts {
  const { settings, node, readers, shimClient, ownMetrics } = options;
  const { responder, exporters, stream } = readers;
  return {
    discovery: node.discovery,
    shimClient,
    responder,
    exporters,
    ownMetrics,
    scrapeGate: new ScrapeGate(settings, '/metrics'),
    profileGate: new CountGate(MAX_PROFILES, 'profiles'),
    api: createApiParts(options),
    events: {
      open: once(async () => {
        const { EventStream } = await import('./events/event-stream.ts');
        return new EventStream({ log: node.lifecycle.log, collections: stream });
      }),
      gate: new CountGate(settings.webMaxRequests, '/events'),
    },
    limits: settings,
  };
}

function createApiParts({ settings, version, node, readers }: PagePartsOptions): ApiParts {
  const { discovery, pods } = node;
  return {
    version,
    reader: readers.reader,
    stream: readers.stream,
    place: 'on this node',
    findSandboxId: async (name, signal) => {
      const sandboxes = await discovery.refresh(signal);
      return sandboxes.find(({ id }) => {
        const pod = name.kind === 'pod' ? pods.find(id) : undefined;
        return name.kind === 'pod' ? `${pod?.namespace}/${pod?.name}` === name.text : id === name.text;
      })?.id;
    },
    gate: new ScrapeGate(settings, '/api/v1'),
    streamGate: new CountGate(settings.webMaxRequests, '/api/v1/stream'),
  };
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}
