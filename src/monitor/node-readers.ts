/**
 * What reads the sandboxes of the node: for /metrics, for the API and the page, and for OTLP. All of them share one
 * collector, so that requests at the same time share one collection. Created by `start-monitor.ts`.
 */
import { CountersReader } from '../cloud-hypervisor/index.ts';
import type { CatalogFamily } from '../collectors/index.ts';
import { PacedWork } from '../program/index.ts';
import { nameSandboxFamilies } from '../sandbox-policy/index.ts';
import type { MonitorSettings } from '../settings/monitor.ts';
import type { ShimClient } from '../shim-client/index.ts';
import type { ExporterMetrics, ExporterMetricsParts } from './answer/exporter-metrics.ts';
import type { Log } from './answer/log.ts';
import type { MetricsResponder, PlansNode } from './answer/metrics-responder.ts';
import type { ResponderParts } from './answer/responder-parts.ts';
import { NodeReader } from './api/node-reader.ts';
import { SnapshotStream } from './api/snapshot-stream.ts';
import { toProblem } from './http/pages/page.ts';
import { createCollector } from './scrape/create-collector.ts';
import type { WatchedNode } from './watched-node.ts';

/** Fast enough for a person, and slow enough for rates: counters of CPU time have steps of 10 ms. */
const STREAM_INTERVAL_MS = 2000;

export interface NodeReadersOptions {
  readonly settings: MonitorSettings;
  /** Version of the package. */
  readonly version: string;
  readonly node: WatchedNode;
  readonly shimClient: ShimClient;
  /** Collects the families of the monitor itself. */
  readonly collectOwn: () => Promise<readonly CatalogFamily[]>;
  readonly createResponder: (parts: ResponderParts) => MetricsResponder & PlansNode;
  readonly log: Log;
}

export interface NodeReaders {
  readonly responder: MetricsResponder & PlansNode;
  /** Undefined when no exporters in the guests are configured. */
  readonly exporters: ExporterMetrics | undefined;
  readonly reader: NodeReader;
  readonly stream: SnapshotStream;
  /** Runs the processing of the bytes of sandboxes. */
  readonly work: PacedWork;
}

export async function createNodeReaders({
  settings,
  version,
  node,
  shimClient,
  collectOwn,
  createResponder,
  log,
}: NodeReadersOptions): Promise<NodeReaders> {
  const { discovery, pods, lifecycle, ended } = node;
  const { states } = lifecycle;
  const work = new PacedWork();
  const hypervisorCounters = settings.noHypervisorCounters
    ? undefined
    : new CountersReader({ onProblem: (sandbox, message) => log.warn({ sandbox }, message) });
  const collector = createCollector({ settings, discovery, shimClient, work, hypervisorCounters });
  const exporters = await createExporters({ settings, discovery, shimClient, work, pods, log });
  const reader = new NodeReader({
    collector,
    discovery,
    pods,
    states,
    lastEventId: () => lifecycle.log.lastId,
    naming: nameSandboxFamilies(settings.allowFamilyPrefix),
    version,
  });
  const stream = new SnapshotStream({
    reader,
    timeoutMs: settings.scrapeTimeoutMs,
    intervalMs: STREAM_INTERVAL_MS,
    cpuMs: readThreadCpuMs,
    onError: (error) => {
      log.error({ err: error }, 'Cannot read the sandboxes for the stream');
      return toProblem(500, 'The monitor cannot read the sandboxes: internal error, see its log');
    },
  });
  const responder = createResponder({
    settings,
    discovery,
    collector,
    work,
    states,
    pods,
    exporters,
    collectOwn,
    ended,
    onResults: (results, durationMs) => stream.offer(() => reader.toSnapshot(results, durationMs)),
    log,
  });
  return { responder, exporters, reader, stream, work };
}

/** Loaded only if exporters are configured. */
async function createExporters(parts: ExporterMetricsParts): Promise<ExporterMetrics | undefined> {
  if (parts.settings.guestExporters.length === 0) {
    return undefined;
  }
  const module = await import('./answer/exporter-metrics.ts');
  return new module.ExporterMetrics(parts);
}

/**
 * CPU time of the main thread, because other threads compress responses. Node.js before 22.19 reports only the whole
 * process.
 */
function readThreadCpuMs(): number {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}
