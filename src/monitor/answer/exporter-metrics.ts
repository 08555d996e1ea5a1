/**
 * Generates the response of /metrics/guest: the metrics of exporters in the guests, each with the labels of its sandbox and its
 * own name. Created only if exporters are configured. A target of the collector is one exporter of one sandbox, so exporters
 * have the limits, the shares and the deadlines of sandboxes, and an exporter that misbehaves affects its own metrics only.
 */
import type { ExporterErrorReason } from '../../catalog/index.ts';
import { type CatalogFamily, family } from '../../collectors/index.ts';
import type { SandboxLabels } from '../../cri/index.ts';
import {
  ExtraLabels,
  fitOpenMetrics,
  type MergeSource,
  type Naming,
  negotiate,
  planMergeInSteps,
} from '../../exposition/index.ts';
import { exporterLimits } from '../../guest-exporters/index.ts';
import type { PacedWork } from '../../program/index.ts';
import { everything, toExporterNaming, toExporterRules } from '../../sandbox-policy/index.ts';
import type { Discovery } from '../../sandboxes/index.ts';
import type { GuestExporter } from '../../settings/guest-exporters.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { ShimClient } from '../../shim-client/index.ts';
import { SandboxCollector } from '../scrape/collect-sandboxes.ts';
import type { CollectRequest, SandboxErrorReason, SandboxResult } from '../scrape/sandbox-result.ts';
import { toScrapeLimits } from '../scrape/scrape-limits.ts';
import { addMergeRefusals } from './add-refusals.ts';
import { chooseExporters, type ExporterTarget } from './exporter-targets.ts';
import { joinPlans, planFamilies } from './join-plans.ts';
import type { Log } from './log.ts';
import type { CollectedExporters, MetricsResponse, NodeRequest, RespondsExporters } from './metrics-responder.ts';
import type { Pods } from './pods.ts';
import { respondPlan } from './response-body.ts';

export interface ExporterMetricsParts {
  readonly settings: MonitorSettings;
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  readonly work: PacedWork;
  readonly pods: Pods;
  readonly log: Log;
}

/** Limit of what the shim adds to the text of an exporter. */
const MAX_ADDED_BYTES = 64 * 1024;

interface Refused {
  readonly sandboxId: string;
  readonly item: string;
}

export class ExporterMetrics implements RespondsExporters {
  readonly #parts: ExporterMetricsParts;
  readonly #collector: SandboxCollector;
  readonly #allowed: ReadonlyMap<string, GuestExporter>;
  readonly #naming: Naming = toExporterNaming();
  #refused: readonly Refused[] = [];
  /** Refused items that are in the log. */
  #logged: ReadonlySet<string> = new Set();

  constructor(parts: ExporterMetricsParts) {
    this.#parts = parts;
    const { settings, shimClient, work } = parts;
    this.#allowed = new Map(settings.guestExporters.map((exporter) => [exporter.name, exporter]));
    this.#collector = new SandboxCollector({
      client: shimClient,
      work,
      listSandboxes: (signal) => this.#listTargets(signal),
      pathOf: (target) => (target as ExporterTarget).shimPath,
      maxBodyBytes: exporterLimits.maxBytes + MAX_ADDED_BYTES,
      ...toScrapeLimits(settings),
      rules: toExporterRules(settings),
      selection: everything,
    });
  }

  async respond({ accept, encoding, timeoutMs, signal }: NodeRequest): Promise<MetricsResponse> {
    const { work } = this.#parts;
    const { sources, describe, release } = await this.collect({ timeoutMs, signal });
    const form = negotiate(accept);
    const planned = await work.run(planMergeInSteps(sources));
    const ofExporters = form === 'openmetrics' ? await work.run(fitOpenMetrics(planned)) : planned;
    const plan = joinPlans(planFamilies(describe(ofExporters.refusals)), ofExporters);
    return respondPlan(plan, { form, accept, encoding, work, onClose: release });
  }

  /** The metrics of all exporters, for a response that may have other metrics too. */
  async collect(request: CollectRequest): Promise<CollectedExporters> {
    const { results, release } = await this.#collector.collect(request);
    const refused = this.#refused;
    return {
      sources: results.flatMap((result) => this.#toSources(result)),
      describe: (refusals) => this.#describe(addMergeRefusals(results, refusals), refused),
      release,
    };
  }

  async #listTargets(signal: AbortSignal): Promise<readonly ExporterTarget[]> {
    const { discovery, pods } = this.#parts;
    const refused: Refused[] = [];
    const targets = (await discovery.refresh(signal)).flatMap((sandbox) => {
      const choice = chooseExporters(sandbox, this.#allowed, pods.find(sandbox.id)?.guestExporters);
      refused.push(...choice.refused.map((item) => ({ sandboxId: sandbox.id, item })));
      return choice.targets;
    });
    this.#noteRefused(refused);
    return targets.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  #noteRefused(refused: readonly Refused[]): void {
    this.#refused = refused;
    const keys = refused.map(({ sandboxId, item }) => `${sandboxId} ${item}`);
    refused.forEach(({ sandboxId, item }, i) => {
      if (!this.#logged.has(keys[i]!)) {
        const problem = 'no exporter of this name is allowed by --guest-exporter, or its address is missing or invalid';
        this.#parts.log.warn({ sandbox: sandboxId, item, problem }, 'Annotation of the pod names an unknown exporter');
      }
    });
    this.#logged = new Set(keys);
  }

  #toSources({ sandbox, scan }: SandboxResult): MergeSource[] {
    if (scan === undefined) {
      return [];
    }
    const labels = new ExtraLabels({ ...this.#labelsOf(sandbox as ExporterTarget) });
    return [{ id: sandbox.id, scan, labels, naming: this.#naming }];
  }

  #labelsOf({ sandboxId, exporter }: Pick<ExporterTarget, 'exporter' | 'sandboxId'>): ExporterLabels {
    return { ...this.#parts.pods.labelsOf(sandboxId), exporter };
  }

  #describe(results: readonly SandboxResult[], refused: readonly Refused[]): CatalogFamily[] {
    const rows = results.flatMap((result) => {
      const target = result.sandbox as ExporterTarget;
      const reasons = toReasons(result);
      // A pod without an exporter that the node offers to every pod is not a fault.
      return reasons[0] === 'absent' && !target.isNamed ? [] : [{ result, reasons, labels: this.#labelsOf(target) }];
    });
    // An annotation may name one twice.
    const named = new Map(refused.map(({ sandboxId, item }) => [`${sandboxId}/${nameIn(item)}`, { sandboxId, item }]));
    const notAllowed = [...named.values()].map(({ sandboxId, item }) => ({
      labels: { ...this.#labelsOf({ sandboxId, exporter: nameIn(item) }), reason: 'not_allowed' },
      value: 1,
    }));
    return [
      family(
        'kata_sandbox_exporter_dropped_samples',
        rows.flatMap(({ labels, result: { dropped } }) =>
          [...dropped].map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
        ),
      ),
      family(
        'kata_sandbox_exporter_duration_seconds',
        rows.flatMap(({ labels, result: { durationMs } }) =>
          durationMs === undefined ? [] : [{ labels, value: Math.round(durationMs * 10) / 1e4 }],
        ),
      ),
      family('kata_sandbox_exporter_error', [
        ...rows.flatMap(({ labels, reasons }) =>
          reasons.map((reason) => ({ labels: { ...labels, reason }, value: 1 })),
        ),
        ...notAllowed,
      ]),
      family(
        'kata_sandbox_exporter_up',
        rows.map(({ labels, result }) => ({ labels, value: result.isUp ? 1 : 0 })),
      ),
    ];
  }
}

const MAX_NAME_CHARACTERS = 63;

/**
 * The name in an item of an annotation, which may be any text. A long one is truncated, which `...` at its end shows. Half of a
 * character becomes U+FFFD here: in the encoded label it would anyway, and two names would become one series, twice.
 */
export function nameIn(item: string): string {
  const [name = ''] = item.split('=', 1);
  return name.length > MAX_NAME_CHARACTERS ? `${name.slice(0, MAX_NAME_CHARACTERS - 3).toWellFormed()}...` : name;
}

type ExporterLabels = SandboxLabels & { readonly exporter: string };

/** Reasons by the HTTP status of the shim, if the reason of a sandbox is less specific. */
const reasonOfStatus: Readonly<Record<number, ExporterErrorReason | SandboxErrorReason>> = {
  404: 'unsupported',
  413: 'too_large',
  422: 'invalid',
  501: 'unsupported',
  502: 'invalid',
  503: 'absent',
  504: 'timeout',
};

function toReasons({ errors, status }: SandboxResult): readonly (ExporterErrorReason | SandboxErrorReason)[] {
  const reason = status === undefined ? undefined : reasonOfStatus[status];
  return errors.map((error) => (error === 'http_status' && reason !== undefined ? reason : error));
}
