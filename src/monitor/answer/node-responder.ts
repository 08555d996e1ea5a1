/**
 * Generates the response of /metrics: own families, the families of all sandboxes, relabelled and merged, and the outcome of
 * each scrape, in the format and encoding that the client accepts. Called by the route of /metrics; independent of HTTP.
 */
import { originOf } from '../../catalog/index.ts';
import { toHypervisorFamilies } from '../../cloud-hypervisor/index.ts';
import type { CatalogFamily } from '../../collectors/index.ts';
import {
  contentTypes,
  type ExpositionForm,
  fitOpenMetrics,
  keepNames,
  type MergePlan,
  type MergeSource,
  type Naming,
  negotiate,
  noLabels,
  planMergeInSteps,
  scanInSteps,
  writeText,
} from '../../exposition/index.ts';
import { allowOptimization, isOptimizationHeld, makeGrowthCollector, type PacedWork } from '../../program/index.ts';
import {
  FamilySelection,
  helpInCatalog,
  nameSandboxFamilies,
  startsWithAny,
  typeInCatalog,
} from '../../sandbox-policy/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { EndedSandboxes } from '../ended/ended-sandboxes.ts';
import type { SandboxCollector } from '../scrape/collect-sandboxes.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import { addMergeRefusals } from './add-refusals.ts';
import { ContainerMetrics } from './container-metrics.ts';
import { collectEndedTotals, collectFinals, FINAL_MARK } from './ended-families.ts';
import { joinPlans, planFamilies } from './join-plans.ts';
import {
  type ContentEncoding,
  type MetricsRequest,
  type MetricsResponder,
  type MetricsResponse,
  type NodeRequest,
  type PlannedNode,
  type PlanRequest,
  type PlansNode,
  type RespondsExporters,
  refuse,
} from './metrics-responder.ts';
import type { Pods } from './pods.ts';
import type { ResponderParts } from './responder-parts.ts';
import { type ChunkSource, respondPlan, toBody } from './response-body.ts';
import { SandboxErrorCounter } from './sandbox-error-counter.ts';
import { SandboxErrorLog } from './sandbox-error-log.ts';
import { collectSandboxFamilies } from './sandbox-families.ts';
import { startSecondsOf } from './sandbox-start.ts';
import type { SandboxStates } from './sandbox-states.ts';

export interface NodeResponderOptions {
  readonly collector: SandboxCollector;
  /** Runs the processing of the bytes of sandboxes. */
  readonly work: PacedWork;
  /** Finds a sandbox in the last listing. */
  readonly findSandbox: (id: string) => Sandbox | undefined;
  /** Lists the current sandboxes. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
  /** The pods, from the container manager. */
  readonly pods: Pods;
  /** Whether the response includes derived metrics. */
  readonly hasDerived: boolean;
  /** Whether samples of sandboxes have the names of their pods in responses; those of `kata_sandbox_*` always do. Default: true. */
  readonly hasPodNames?: boolean;
  /** Exporters in the guests that are part of every response; undefined: none are. */
  readonly exporters?: Pick<RespondsExporters, 'collect'> | undefined;
  readonly collectOwnFamilies: () => Promise<readonly CatalogFamily[]>;
  readonly states: SandboxStates;
  /** Which families sandboxes may send, and their final names. */
  readonly naming: Naming;
  /** The families of every response. */
  readonly selection: FamilySelection;
  /** The sandboxes that have ended; undefined when they are not collected. */
  readonly ended: EndedSandboxes | undefined;
  /**
   * Called with the results of all sandboxes, once per scrape of the whole node, when the states have noted them. Their scans are valid
   * until it returns. `durationMs`: how long it took to collect them.
   */
  readonly onResults?: (results: readonly SandboxResult[], durationMs: number) => void;
}

/** A smaller number would take less memory, and more CPU: docs/performance.md. */
const GROWTH_BYTES = 1.75 * 1024 * 1024;

export class NodeResponder implements MetricsResponder, PlansNode {
  readonly #options: NodeResponderOptions;
  readonly #errorCounter = new SandboxErrorCounter();
  readonly #containers: ContainerMetrics;
  readonly #collectGrowth = makeGrowthCollector({ growthBytes: GROWTH_BYTES, isWanted: isOptimizationHeld });

  constructor(options: NodeResponderOptions) {
    this.#options = options;
    this.#containers = new ContainerMetrics(options);
  }

  respondContainers(request: NodeRequest): Promise<MetricsResponse> {
    return this.#containers.respond(request);
  }

  async respond(request: MetricsRequest): Promise<MetricsResponse> {
    if (request.sandbox === undefined) {
      return this.#respondNode(request);
    }
    const sandbox = this.#options.findSandbox(request.sandbox);
    if (sandbox === undefined) {
      return refuse(404, `No sandbox "${request.sandbox}" on this node`);
    }
    return this.#respondSandbox(request, sandbox);
  }

  async #respondNode(request: MetricsRequest): Promise<MetricsResponse> {
    const { accept, encoding } = request;
    const form = negotiate(accept);
    const { hasPodNames = true } = this.#options;
    const { plan, release } = await this.#planNode(request, form, hasPodNames);
    if (form === 'protobuf') {
      // Its writer goes over bytes one by one, which takes twice the time of text before it is optimized.
      allowOptimization();
    }
    const onClose = (): void => {
      release();
      this.#collectGrowth();
    };
    return respondPlan(plan, { form, accept, encoding, work: this.#options.work, onClose });
  }

  readPlan(request: PlanRequest): Promise<PlannedNode> {
    return this.#planNode(request, 'text', true);
  }

  async #planNode(
    request: Omit<MetricsRequest, 'accept' | 'encoding'>,
    form: ExpositionForm,
    hasPodNames: boolean,
  ): Promise<PlannedNode> {
    const { collector, collectOwnFamilies, exporters, pods, selection, states, work } = this.#options;
    const { filterFamilies, sandboxes: sandboxIds, timeoutMs, signal } = request;
    // Concurrent with the sandboxes: an exporter must not delay them.
    const exporting = sandboxIds === undefined ? exporters?.collect({ timeoutMs, signal }) : undefined;
    exporting?.catch(() => undefined);
    const startMs = performance.now();
    const { results: collected, release } = await collector.collect({
      timeoutMs,
      signal,
      ...(sandboxIds === undefined ? {} : { sandboxIds }),
    });
    const collectedMs = performance.now();
    const ofExporters = await exporting;
    // All families, whatever the request selects: the faults of a sandbox must not depend on the request.
    const planned = await this.#planSandboxes(collected, hasPodNames, ofExporters?.sources);
    const ofSandboxes = form === 'openmetrics' ? await work.run(fitOpenMetrics(planned)) : planned;
    const results = addMergeRefusals(collected, ofSandboxes.refusals);
    this.#noteStates(results, sandboxIds === undefined);
    if (sandboxIds === undefined) {
      this.#noteResults(results, collectedMs - startMs);
    }
    const isOfNode = filterFamilies === undefined && sandboxIds === undefined;
    const own = isOfNode ? [...(await collectOwnFamilies()), this.#errorCounter.collect()] : [];
    const about = collectSandboxFamilies(results, pods, states);
    const known = pods.collectSandboxFamilies(results.map(({ sandbox }) => sandbox.id));
    const aboutExporters = ofExporters?.describe(ofSandboxes.refusals) ?? [];
    const isWanted = (name: string): boolean => selection.choose(name) !== 'none' && isRequested(name, request);
    const ended = isOfNode ? await this.#planEnded(request, isWanted) : [];
    const ofHypervisors = toHypervisorFamilies(
      results.flatMap(({ sandbox, devices }) =>
        devices === undefined ? [] : [{ labels: pods.labelsOf(sandbox.id), devices }],
      ),
    );
    const ofNode = planOwn([...own, ...about, ...known, ...aboutExporters]);
    // Their counters are older than the monitor.
    const plan = pickFamilies(joinPlans(ofNode, planFamilies(ofHypervisors), ofSandboxes, ...ended), isWanted);
    return {
      plan,
      release: () => {
        release();
        ofExporters?.release();
      },
    };
  }

  #planSandboxes(
    results: readonly SandboxResult[],
    hasPodNames: boolean,
    others: readonly MergeSource[] = [],
  ): Promise<MergePlan> {
    const { naming, pods, states, hasDerived, work } = this.#options;
    const sources: MergeSource[] = [...others];
    for (const { sandbox, scan: scanned, derived } of results) {
      const { id } = sandbox;
      const labels = pods.extraLabelsOf(id);
      // The states have these results when the response is written. When others began is not known for sure: a hypervisor
      // may be older than its shim.
      const createdMsOf = (family: string): number | undefined =>
        originOf(family) === 'guest' ? states.of(id)?.guestStartMs : undefined;
      if (scanned !== undefined) {
        const labelsOfBody = hasPodNames ? labels : pods.idLabelsOf(id);
        sources.push({ id, scan: scanned, labels: labelsOfBody, naming, createdMsOf });
      }
      if (derived !== undefined && hasDerived) {
        sources.push({ id, scan: derived, labels, naming: keepNames, createdMsOf });
      }
    }
    return work.run(planMergeInSteps(sources, { typeOf: typeInCatalog, helpOf: helpInCatalog }));
  }

  /** Ended sandboxes count as read only where the response has their final values, and was sent completely. */
  async #planEnded(
    { scraper }: Pick<MetricsRequest, 'scraper'>,
    isWanted: (name: string) => boolean,
  ): Promise<MergePlan[]> {
    const { ended } = this.#options;
    if (ended === undefined) {
      return [];
    }
    await ended.take();
    const isReader = scraper !== undefined && isWanted(FINAL_MARK);
    const report = ended.report(isReader ? scraper.key : undefined);
    void scraper?.finished.then(({ isComplete }) => isReader && isComplete && report.seen());
    return [planOwn(collectFinals(report.finals)), planOwn(collectEndedTotals(report), report.createdMs)];
  }

  /** Records the results of a scrape of the whole node. */
  #noteResults(results: readonly SandboxResult[], durationMs: number): void {
    this.#options.onResults?.(results, durationMs);
    this.#errorCounter.note(results);
  }

  #noteStates(results: readonly SandboxResult[], isWholeNode: boolean): void {
    const { pods, states } = this.#options;
    states.note(results, (result) => startSecondsOf(result, pods), { nowSeconds: Date.now() / 1000, isWholeNode });
  }

  /** The families of one sandbox as exported by its shim: no labels or prefixes are added, and families are not checked. */
  async #respondSandbox(request: MetricsRequest, sandbox: Sandbox): Promise<MetricsResponse> {
    const { filterFamilies, collectFamilies, excludeFamilies, encoding, timeoutMs, signal } = request;
    const { work } = this.#options;
    const fetched = await this.#options.collector.fetch(sandbox, { timeoutMs, signal });
    if (fetched.kind === 'failed') {
      const status = fetched.reason === 'timeout' ? 504 : 502;
      return refuse(status, `Cannot read metrics of sandbox "${sandbox.id}": ${fetched.message}`);
    }
    if (filterFamilies === undefined && collectFamilies === undefined && excludeFamilies === undefined) {
      return respondText(() => [fetched.body], encoding, work);
    }
    const scanned = await work.run(scanInSteps(fetched.body));
    const sources = [{ id: sandbox.id, scan: scanned, labels: noLabels, naming: keepNames }];
    const all = await work.run(planMergeInSteps(sources));
    const plan = pickFamilies(all, (name) => isRequested(name, request));
    return respondText((pool) => writeText(plan, pool), encoding, work);
  }
}

function respondText(source: ChunkSource, encoding: ContentEncoding | undefined, work: PacedWork): MetricsResponse {
  const { headers, stream } = toBody(source, encoding, work);
  return { status: 200, headers: { 'content-type': contentTypes.text, ...headers }, body: stream };
}

/** Whether the request selects a family of this name. Without prefixes, every family is selected. */
function isRequested(
  name: string,
  { filterFamilies, collectFamilies, excludeFamilies }: Omit<MetricsRequest, 'accept' | 'encoding'>,
): boolean {
  return (
    (filterFamilies === undefined || startsWithAny(name, filterFamilies)) &&
    (collectFamilies === undefined || startsWithAny(name, collectFamilies)) &&
    (excludeFamilies === undefined || !startsWithAny(name, excludeFamilies))
  );
}

function pickFamilies({ families, refusals }: MergePlan, isWanted: (name: string) => boolean): MergePlan {
  return { families: families.filter(({ name }) => isWanted(name)), refusals };
}

/** @param createdMs when their counters began; those of the monitor begin with the process. */
function planOwn(families: readonly CatalogFamily[], createdMs = performance.timeOrigin): MergePlan {
  return planFamilies(families, createdMs);
}

/** Creates the responder of /metrics for all sandboxes of this node. */
export function createNodeResponder({
  settings,
  discovery,
  collector,
  work,
  states,
  pods,
  exporters,
  collectOwn,
  ended,
  onResults,
  log,
}: ResponderParts): NodeResponder {
  const errorLog = new SandboxErrorLog(log);
  return new NodeResponder({
    work,
    collector,
    naming: nameSandboxFamilies(settings.allowFamilyPrefix),
    selection: new FamilySelection(settings),
    findSandbox: (id) => discovery.find(id),
    listSandboxes: (signal) => discovery.refresh(signal),
    pods,
    hasDerived: !settings.noDerived,
    hasPodNames: settings.podNames === 'every-sample',
    exporters: settings.guestExportersInMetrics ? exporters : undefined,
    collectOwnFamilies: collectOwn,
    ended,
    states,
    onResults: (results, durationMs) => {
      ended?.noteResults(results);
      errorLog.note(results);
      onResults(results, durationMs);
    },
  });
}
