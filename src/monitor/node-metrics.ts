/**
 * Makes the answer of /metrics: own families, those of every sandbox relabelled and merged, and how each sandbox's scrape
 * went; in the form and encoding that the client asked for. The route of /metrics calls it; it knows no HTTP server.
 */
import type { CatalogFamily } from '../collectors/index.ts';
import {
  type ChunkPool,
  contentTypes,
  type ExpositionForm,
  ExtraLabels,
  encodeText,
  keepNames,
  type MergePlan,
  type MergeSource,
  type Naming,
  negotiate,
  noLabels,
  planMerge,
  scan,
  writeOpenMetrics,
  writeProtobuf,
  writeText,
} from '../exposition/index.ts';
import { type ChunkSource, toBody } from './answer-body.ts';
import type { SandboxCollector } from './collect-sandboxes.ts';
import type { MetricsAnswer, MetricsAnswerer, MetricsQuestion } from './metrics-answerer.ts';
import type { Sandbox } from './sandbox.ts';
import { SandboxErrorCounter } from './sandbox-error-counter.ts';
import { collectSandboxFamilies, labelsOf } from './sandbox-families.ts';
import type { SandboxResult } from './sandbox-result.ts';
import { helpInCatalog, nameSandboxFamilies, typeInCatalog } from './sandbox-rules.ts';
import { settleResults } from './settle-results.ts';

const writers: Readonly<Record<ExpositionForm, (plan: MergePlan, pool?: ChunkPool) => Generator<Buffer>>> = {
  openmetrics: writeOpenMetrics,
  protobuf: writeProtobuf,
  text: writeText,
};

export interface NodeMetricsOptions {
  readonly collector: SandboxCollector;
  /** A sandbox of the last look. */
  readonly findSandbox: (id: string) => Sandbox | undefined;
  readonly collectOwnFamilies: () => Promise<readonly CatalogFamily[]>;
  /** Told what came of each sandbox, once for each scrape of the whole node. */
  readonly onResults?: (results: readonly SandboxResult[]) => void;
}

export class NodeMetrics implements MetricsAnswerer {
  readonly #options: NodeMetricsOptions;
  readonly #errorCounter = new SandboxErrorCounter();

  constructor(options: NodeMetricsOptions) {
    this.#options = options;
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
    const { collector, collectOwnFamilies, onResults } = this.#options;
    const { filterFamilies, timeoutMs, signal } = question;
    const collected = await collector.collect({ timeoutMs, signal });
    const isWanted = filterBy(filterFamilies);
    const ofSandboxes = planSandboxes(collected, isWanted);
    const results = settleResults(collected, ofSandboxes.refusals);
    onResults?.(results);
    this.#errorCounter.note(results);
    const own = filterFamilies === undefined ? [...(await collectOwnFamilies()), this.#errorCounter.collect()] : [];
    const about = collectSandboxFamilies(results).filter(({ name }) => isWanted(name));
    const plan = joinPlans(planOwn([...own, ...about]), ofSandboxes);
    const form = negotiate(question.accept);
    const isComplete = results.every(({ errors }) => errors.length === 0);
    const body = toBody((pool) => writers[form](plan, pool), question.acceptsGzip);
    const headers = { 'content-type': contentTypes[form], ...body.headers };
    return { status: 200, headers, body: body.stream, isComplete };
  }

  /** One sandbox's families as its shim gave them: no label, no prefix, no check of what they are. */
  async #answerSandbox(question: MetricsQuestion, sandbox: Sandbox): Promise<MetricsAnswer> {
    const { filterFamilies, acceptsGzip, timeoutMs, signal } = question;
    const answer = await this.#options.collector.fetch(sandbox, { timeoutMs, signal });
    if (answer.kind === 'failed') {
      const status = answer.reason === 'timeout' ? 504 : 502;
      return refuse(status, `Cannot read metrics of sandbox "${sandbox.id}": ${answer.message}`);
    }
    if (filterFamilies === undefined) {
      return answerText(() => [answer.body], acceptsGzip);
    }
    const isWanted = filterBy(filterFamilies);
    const naming: Naming = (name) => (isWanted(name) ? { kind: 'named', prefix: '' } : { kind: 'unwanted' });
    const plan = planMerge([{ id: sandbox.id, scan: scan(answer.body), labels: noLabels, naming }]);
    return answerText((pool) => writeText(plan, pool), acceptsGzip);
  }
}

function answerText(source: ChunkSource, isGzip: boolean): MetricsAnswer {
  const { headers, stream } = toBody(source, isGzip);
  return { status: 200, headers: { 'content-type': contentTypes.text, ...headers }, body: stream };
}

function refuse(status: number, message: string): MetricsAnswer {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return { status, headers, body: Buffer.from(`${message}\n`), isComplete: false };
}

/** Families whose name begins with one of the prefixes; without prefixes, all. */
function filterBy(prefixes: readonly string[] | undefined): (name: string) => boolean {
  return (name) => prefixes?.some((prefix) => name.startsWith(prefix)) ?? true;
}

function planSandboxes(results: readonly SandboxResult[], isWanted: (name: string) => boolean): MergePlan {
  const naming = nameSandboxFamilies(isWanted);
  const sources: MergeSource[] = [];
  for (const { sandbox, scan: scanned } of results) {
    if (scanned !== undefined) {
      sources.push({ id: sandbox.id, scan: scanned, labels: new ExtraLabels({ ...labelsOf(sandbox) }), naming });
    }
  }
  return planMerge(sources, { typeOf: typeInCatalog, helpOf: helpInCatalog });
}

function planOwn(families: readonly CatalogFamily[]): MergePlan {
  return planMerge([{ id: '', scan: scan(encodeText(families)), labels: noLabels, naming: keepNames }]);
}

function joinPlans(a: MergePlan, b: MergePlan): MergePlan {
  const families = [...a.families, ...b.families].sort((one, other) => (one.name < other.name ? -1 : 1));
  return { families, refusals: [...a.refusals, ...b.refusals] };
}
