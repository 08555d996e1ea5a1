/**
 * Makes the answer of /metrics: own families, those of every sandbox relabelled and merged, and how each sandbox's scrape
 * went; in the form and encoding that the client asked for. The route of /metrics calls it; it knows no HTTP server.
 */
import type { CatalogFamily } from '../../collectors/index.ts';
import {
  contentTypeFor,
  contentTypes,
  fitOpenMetrics,
  keepNames,
  type MergePlan,
  type MergeSource,
  type Naming,
  negotiate,
  noLabels,
  planMerge,
  planMergeInSteps,
  scanInSteps,
  tabulate,
  writeText,
} from '../../exposition/index.ts';
import { PacedWork } from '../../program/index.ts';
import {
  FamilySelection,
  helpInCatalog,
  nameSandboxFamilies,
  startsWithAny,
  toSandboxRules,
  typeInCatalog,
} from '../../sandbox-policy/index.ts';
import type { Discovery, Sandbox } from '../../sandboxes/index.ts';
import type { MonitorSettings } from '../../settings/monitor.ts';
import type { ShimClient } from '../../shim-client/index.ts';
import { SandboxCollector } from '../scrape/collect-sandboxes.ts';
import type { SandboxResult } from '../scrape/sandbox-result.ts';
import { type ChunkSource, expositionWriters, toBody } from './answer-body.ts';
import {
  type ContainersQuestion,
  type MetricsAnswer,
  type MetricsAnswerer,
  type MetricsQuestion,
  refuse,
} from './answerer.ts';
import { ContainerMetrics } from './container-metrics.ts';
import type { Log } from './log.ts';
import type { Pods } from './pods.ts';
import { SandboxErrorCounter } from './sandbox-error-counter.ts';
import { SandboxErrorLog } from './sandbox-error-log.ts';
import { collectSandboxFamilies } from './sandbox-families.ts';
import { settleResults } from './settle-results.ts';

/** What the monitor has, to make the response of /metrics from. */
export interface AnswererParts {
  readonly settings: MonitorSettings;
  readonly discovery: Discovery;
  readonly shimClient: ShimClient;
  /** What the container manager knows of the sandboxes. */
  readonly pods: Pods;
  /** The monitor's own families, read when called. */
  readonly collectOwn: () => Promise<readonly CatalogFamily[]>;
  readonly log: Log;
}

export interface NodeAnswererOptions {
  readonly collector: SandboxCollector;
  /** Does what is to be done with the bytes of sandboxes. */
  readonly work: PacedWork;
  /** A sandbox of the last look. */
  readonly findSandbox: (id: string) => Sandbox | undefined;
  /** The sandboxes that are there now. */
  readonly listSandboxes: (signal: AbortSignal) => Promise<readonly Sandbox[]>;
  /** What the container manager knows. */
  readonly pods: Pods;
  /** Whether the figures that the monitor works out are in the answer. */
  readonly hasDerived: boolean;
  readonly collectOwnFamilies: () => Promise<readonly CatalogFamily[]>;
  /** What sandboxes may send, and how it is called. */
  readonly naming: Naming;
  /** What is in any answer. */
  readonly selection: FamilySelection;
  /** Told what came of each sandbox, once for each scrape of the whole node. */
  readonly onResults?: (results: readonly SandboxResult[]) => void;
}

export class NodeAnswerer implements MetricsAnswerer {
  readonly #options: NodeAnswererOptions;
  readonly #errorCounter = new SandboxErrorCounter();
  readonly #containers: ContainerMetrics;

  constructor(options: NodeAnswererOptions) {
    this.#options = options;
    this.#containers = new ContainerMetrics(options);
  }

  answerContainers(question: ContainersQuestion): Promise<MetricsAnswer> {
    return this.#containers.answer(question);
  }

  async answer(question: MetricsQuestion): Promise<MetricsAnswer> {
    if (question.sandbox === undefined) {
      return this.#answerNode(question);
    }
    const sandbox = this.#options.findSandbox(question.sandbox);
    if (sandbox === undefined) {
      return refuse(404, `No sandbox "${question.sandbox}" on this node`);
    }
    return this.#answerSandbox(question, sandbox);
  }

  async #answerNode(question: MetricsQuestion): Promise<MetricsAnswer> {
    const { collector, collectOwnFamilies, pods, selection, work } = this.#options;
    const { filterFamilies, sandboxes: sandboxIds, timeoutMs, signal } = question;
    const { results: collected, release } = await collector.collect({
      timeoutMs,
      signal,
      ...(sandboxIds === undefined ? {} : { sandboxIds }),
    });
    // All of it, whatever is asked for: what is wrong with a sandbox does not depend on who looks.
    const form = negotiate(question.accept);
    const planned = await this.#planSandboxes(collected);
    const ofSandboxes = form === 'openmetrics' ? await work.run(fitOpenMetrics(planned)) : planned;
    const results = settleResults(collected, ofSandboxes.refusals);
    if (sandboxIds === undefined) {
      this.#noteResults(results);
    }
    const isOfNode = filterFamilies === undefined && sandboxIds === undefined;
    const own = isOfNode ? [...(await collectOwnFamilies()), this.#errorCounter.collect()] : [];
    const about = collectSandboxFamilies(results, pods);
    const known = pods.collectSandboxFamilies(results.map(({ sandbox }) => sandbox.id));
    const all = joinPlans(planOwn([...own, ...about, ...known]), ofSandboxes);
    const plan = pickFamilies(all, (name) => selection.choose(name) !== 'none' && isAskedFor(name, question));
    const body = toBody((pool) => expositionWriters[form](plan, pool), question.acceptsGzip, work);
    body.stream.once('close', release);
    const headers = { 'content-type': contentTypeFor(form, question.accept), ...body.headers };
    return { status: 200, headers, body: body.stream };
  }

  #planSandboxes(results: readonly SandboxResult[]): Promise<MergePlan> {
    const { naming, pods, hasDerived, work } = this.#options;
    const sources: MergeSource[] = [];
    for (const { sandbox, scan: scanned, derived } of results) {
      const labels = pods.extraLabelsOf(sandbox.id);
      if (scanned !== undefined) {
        sources.push({ id: sandbox.id, scan: scanned, labels, naming });
      }
      if (derived !== undefined && hasDerived) {
        sources.push({ id: sandbox.id, scan: derived, labels, naming: keepNames });
      }
    }
    return work.run(planMergeInSteps(sources, { typeOf: typeInCatalog, helpOf: helpInCatalog }));
  }

  /** Takes the results of a scrape of the whole node. */
  #noteResults(results: readonly SandboxResult[]): void {
    this.#options.onResults?.(results);
    this.#errorCounter.note(results);
  }

  /** One sandbox's families as its shim gave them: no label, no prefix, no check of what they are. */
  async #answerSandbox(question: MetricsQuestion, sandbox: Sandbox): Promise<MetricsAnswer> {
    const { filterFamilies, collectFamilies, excludeFamilies, acceptsGzip, timeoutMs, signal } = question;
    const { work } = this.#options;
    const answer = await this.#options.collector.fetch(sandbox, { timeoutMs, signal });
    if (answer.kind === 'failed') {
      const status = answer.reason === 'timeout' ? 504 : 502;
      return refuse(status, `Cannot read metrics of sandbox "${sandbox.id}": ${answer.message}`);
    }
    if (filterFamilies === undefined && collectFamilies === undefined && excludeFamilies === undefined) {
      return answerText(() => [answer.body], acceptsGzip, work);
    }
    const scanned = await work.run(scanInSteps(answer.body));
    const sources = [{ id: sandbox.id, scan: scanned, labels: noLabels, naming: keepNames }];
    const all = await work.run(planMergeInSteps(sources));
    const plan = pickFamilies(all, (name) => isAskedFor(name, question));
    return answerText((pool) => writeText(plan, pool), acceptsGzip, work);
  }
}

function answerText(source: ChunkSource, isGzip: boolean, work: PacedWork): MetricsAnswer {
  const { headers, stream } = toBody(source, isGzip, work);
  return { status: 200, headers: { 'content-type': contentTypes.text, ...headers }, body: stream };
}

/** Whether a family with this name is asked for; without prefixes, every one is. */
function isAskedFor(name: string, { filterFamilies, collectFamilies, excludeFamilies }: MetricsQuestion): boolean {
  return (
    (filterFamilies === undefined || startsWithAny(name, filterFamilies)) &&
    (collectFamilies === undefined || startsWithAny(name, collectFamilies)) &&
    (excludeFamilies === undefined || !startsWithAny(name, excludeFamilies))
  );
}

function pickFamilies({ families, refusals }: MergePlan, isWanted: (name: string) => boolean): MergePlan {
  return { families: families.filter(({ name }) => isWanted(name)), refusals };
}

function planOwn(families: readonly CatalogFamily[]): MergePlan {
  // What the monitor counts, it counts from its start.
  const createdMs = performance.timeOrigin;
  return planMerge([{ id: '', scan: tabulate(families), labels: noLabels, naming: keepNames, createdMs }]);
}

function joinPlans(a: MergePlan, b: MergePlan): MergePlan {
  const families = [...a.families, ...b.families].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { families, refusals: [...a.refusals, ...b.refusals] };
}

/** The response of /metrics over all sandboxes of this node, from the parts that the monitor has. */
export function createNodeAnswerer({
  settings,
  discovery,
  shimClient,
  pods,
  collectOwn,
  log,
}: AnswererParts): MetricsAnswerer {
  const { shimTimeoutMs, maxShimRequests, maxBodyBytes, allowFamilyPrefix } = settings;
  const selection = new FamilySelection(settings);
  const listSandboxes = (signal: AbortSignal): Promise<readonly Sandbox[]> => discovery.refresh(signal);
  const errorLog = new SandboxErrorLog(log);
  const work = new PacedWork();
  return new NodeAnswerer({
    work,
    collector: new SandboxCollector({
      client: shimClient,
      work,
      listSandboxes,
      shimTimeoutMs,
      maxShimRequests,
      maxBodyBytes,
      byteBudget: { share: settings.shareBytes, extra: settings.extraBytes },
      sampleBudget: { share: settings.shareSamples, extra: settings.extraSamples },
      rules: toSandboxRules(settings),
      selection,
    }),
    naming: nameSandboxFamilies(allowFamilyPrefix),
    selection,
    findSandbox: (id) => discovery.find(id),
    listSandboxes,
    pods,
    hasDerived: !settings.noDerived,
    collectOwnFamilies: collectOwn,
    onResults: (results) => errorLog.note(results),
  });
}
