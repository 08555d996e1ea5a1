/**
 * GET /guest-exporter: the text of one exporter in the guest, read by the agent and checked here. A failure is a status with a
 * reason, so that the monitor can report it.
 */
import { type CollectorProblem, family } from '../../collectors/index.ts';
import { BodyChecker, contentTypes, describeFault, encodeText } from '../../exposition/index.ts';
import { exporterLimits, parseExporterPath } from '../../guest-exporters/index.ts';
import { PacedWork } from '../../program/index.ts';
import type { RouteResponse } from '../http/management-server.ts';
import type { AgentLink } from './agent-link.ts';
import type { ExporterResult } from './agent-result.ts';
import { exporterPolicy } from './exporter-policy.ts';

export interface GuestExportersOptions {
  readonly agent: Pick<AgentLink, 'readExporter'>;
  readonly timeoutMs: number;
  readonly onProblem: (problem: CollectorProblem) => void;
}

/** Checkers keep the form of the last text; a pod has few exporters. */
const MAX_CHECKERS = 8;

const TEXT = 'text/plain; charset=utf-8';

/** HTTP status by the reason of the failure; others are 502. Shims without this page respond with 404. */
const statuses: Readonly<Record<string, number>> = { absent: 503, deadline: 504, slow: 504, unimplemented: 501 };

export class GuestExporters {
  readonly #options: GuestExportersOptions;
  readonly #work = new PacedWork();
  readonly #checkers = new Map<string, BodyChecker>();

  constructor(options: GuestExportersOptions) {
    this.#options = options;
  }

  /** `target`: path and query of the request. Never rejects because of the guest. */
  async render(target: string): Promise<RouteResponse> {
    const exporter = parseExporterPath(target);
    if (exporter === undefined) {
      const body = 'Expected /guest-exporter?name=<name>&address=<port>[/<path>], or address=unix:/<path>\n';
      return { status: 400, contentType: TEXT, body };
    }
    const { name, address } = exporter;
    const { agent, timeoutMs } = this.#options;
    const result = await agent.readExporter(address, { maxBytes: exporterLimits.maxBytes, timeoutMs });
    if (result.kind === 'failed') {
      return this.#fail(name, statuses[result.reason] ?? 502, result.message);
    }
    return this.#check(name, result);
  }

  async #check(name: string, { text, isTruncated }: Extract<ExporterResult, { kind: 'ok' }>): Promise<RouteResponse> {
    if (isTruncated) {
      return this.#fail(name, 413, `more than ${exporterLimits.maxBytes} bytes, the limit of an exporter`);
    }
    const { body, sampleCount, refused, faults } = await this.#work.run(this.#checkerOf(name).check(text));
    const [fault] = faults;
    if (sampleCount === 0) {
      return this.#fail(name, 422, fault === undefined ? 'no samples' : `no valid samples: ${describeFault(fault)}`);
    }
    if (refused.size === 0) {
      return { contentType: contentTypes.text, body };
    }
    const samples = [...refused].map(([reason, value]) => ({ labels: { reason }, value }));
    this.#report(
      name,
      `dropped ${samples.map(({ labels, value }) => `${value} samples: ${labels.reason}`).join(', ')}`,
    );
    const dropped = encodeText([family('kata_shim_exporter_dropped_samples', samples)]);
    return { contentType: contentTypes.text, body: Buffer.concat([dropped, body]) };
  }

  #checkerOf(name: string): BodyChecker {
    let checker = this.#checkers.get(name);
    if (checker === undefined) {
      checker = new BodyChecker(exporterPolicy);
      if (this.#checkers.size < MAX_CHECKERS) {
        this.#checkers.set(name, checker);
      }
    }
    return checker;
  }

  #fail(name: string, status: number, message: string): RouteResponse {
    this.#report(name, message);
    return { status, contentType: TEXT, body: `Exporter "${name}": ${message}\n` };
  }

  #report(name: string, message: string): void {
    this.#options.onProblem({ collector: `exporter ${name}`, message });
  }
}
