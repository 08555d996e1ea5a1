/**
 * The ttrpc services of the agent, over its collectors. Reads /proc on request only.
 */
import {
  type CatalogFamily,
  type Collector,
  collectFamilies,
  collectSkippedLines,
  type GuestContext,
  singleFamily,
} from '../collectors/index.ts';
import { encodeText, TextTemplate } from '../exposition/index.ts';
import { type SkippedLines, snapshotOf } from '../procfs/index.ts';
import { AgentService, ExporterService, Health, SERVING } from '../proto/agent-messages.ts';
import { CoreServer } from '../ttrpc/core.ts';
import type { StatsContainerInit } from './containers/stats-container.ts';
import { readMemoryDetails } from './guest-details.ts';

/** Version of the health API, as the existing agents report it. */
const HEALTH_API_VERSION = '0.0.1';

const SYS_ROOT = '/sys';

/** Limit of the text of one response: it fits in one message of ttrpc, and the shim accepts it. */
const MAX_TEXT_BYTES = 3 * 1024 * 1024;

export interface AgentServerOptions {
  readonly collectors: readonly Collector<GuestContext>[];
  readonly context: GuestContext;
  readonly version: string;
  /** Counts of what the readers of `context` and of `statsContainer` have skipped. */
  readonly skipped: SkippedLines;
  /** Reads the statistics of a container by its id. */
  readonly statsContainer: (id: string) => Promise<StatsContainerInit>;
  /** Waits for the next kill for want of memory in a container. */
  readonly nextOomEvent: (signal: AbortSignal) => Promise<{ containerId: string }>;
  /** Limit for each connection. Default: that of `ttrpc`. */
  readonly maxConcurrentCalls?: number;
  /** Called with read errors and handler errors. */
  readonly onDebug: (message: string) => void;
}

export function createAgentServer(options: AgentServerOptions): CoreServer {
  const { collectors, context, version, skipped, statsContainer, nextOomEvent, maxConcurrentCalls, onDebug } = options;
  let scrapeCount = 0;
  const template = new TextTemplate();
  return new CoreServer({
    ...(maxConcurrentCalls !== undefined && { maxConcurrentCalls }),
    onHandlerError: (error) => onDebug(`Cannot serve a request: ${String(error)}`),
  })
    .addService(AgentService, {
      getMetrics: async () => {
        const { families, problems } = await collectFamilies(collectors, {
          ...context,
          procfs: snapshotOf(context.procfs),
        });
        for (const { collector, message } of problems) {
          onDebug(`Collector "${collector}": ${message}`);
        }
        scrapeCount += 1;
        families.push(singleFamily('kata_agent_scrape_count', scrapeCount));
        families.push(...collectSkippedLines('kata_agent_skipped_lines', skipped));
        families.sort((a, b) => (a.name < b.name ? -1 : 1));
        const { text, lost } = encodeWithin(families, MAX_TEXT_BYTES, template);
        if (lost.length > 0) {
          onDebug(`Metrics are longer than ${MAX_TEXT_BYTES} bytes, left out: ${lost.join(', ')}`);
        }
        return { metrics: text };
      },
      statsContainer: ({ containerId }) => statsContainer(containerId),
      getOOMEvent: (_request, { signal }) => nextOomEvent(signal),
      getGuestDetails: (request) => ({
        ...readMemoryDetails(request, SYS_ROOT),
        agentDetails: { version, initDaemon: process.pid === 1, supportsSeccomp: false },
      }),
    })
    .addService(ExporterService, {
      readExporter: async (request, { signal }) => {
        const { readExporter } = await import('./exporters/read-exporter.ts');
        return readExporter(request, signal);
      },
    })
    .addService(Health, {
      check: () => ({ status: SERVING }),
      version: () => ({ grpcVersion: HEALTH_API_VERSION, agentVersion: version }),
    });
}

/** The families that fit in `maxBytes`, in their order; those that do not are left out whole, and named in `lost`. */
export function encodeWithin(
  families: readonly CatalogFamily[],
  maxBytes: number,
  template = new TextTemplate(),
): { text: Buffer | string; lost: string[] } {
  const whole = template.print(families);
  if (Buffer.byteLength(whole) <= maxBytes) {
    return { text: whole, lost: [] };
  }
  const parts: Buffer[] = [];
  const lost: string[] = [];
  let left = maxBytes;
  for (const family of families) {
    const part = encodeText([family]);
    if (part.length <= left) {
      parts.push(part);
      left -= part.length;
    } else {
      lost.push(family.name);
    }
  }
  return { text: Buffer.concat(parts), lost };
}
