/**
 * Puts together what answers /metrics, from the parts that the monitor has.
 */

import { PacedWork } from '../../program/index.ts';
import { FamilySelection, nameSandboxFamilies, toSandboxRules } from '../../sandbox-policy/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import { SandboxCollector } from '../scrape/collect-sandboxes.ts';
import type { AnswererParts } from './answerer-parts.ts';
import type { MetricsAnswerer } from './metrics-answerer.ts';
import { NodeMetrics } from './node-metrics.ts';
import { SandboxErrorLog } from './sandbox-error-log.ts';

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
  return new NodeMetrics({
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
