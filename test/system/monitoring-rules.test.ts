/**
 * The rules of deploy/prometheus by promtool: they can be loaded, each alert fires on its series and stays quiet on others,
 * and a rule that is wrong would be found. Their names are those of the catalog, and each reason has its alert.
 */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alertOfReason, alerts, allReasons, quietReasons } from '../../scripts/monitoring/alerts.ts';
import { recordingRules } from '../../scripts/monitoring/recording-rules.ts';
import { findFamily } from '../../src/catalog/index.ts';
import { parseManifests } from '../support/helm.ts';
import { missingPackages } from '../support/requirements.ts';

const run = promisify(execFile);
const folder = join(import.meta.dirname, '../../deploy/prometheus');
const missing = missingPackages(['prometheus']);
/** Families of others that the rules may use. */
const foreign = new Set(['kube_pod_overhead_memory_bytes']);

/** Names of kata_* and kube_* families in an expression, those of a histogram without their suffix. */
function listFamilies(expression: string): string[] {
  return (expression.match(/\bk(?:ata|ube)_\w+/g) ?? []).map((name) =>
    name.replace(/_bucket$|_sum$|_count$/, (suffix) => (findFamily(name) ? suffix : '')),
  );
}

describe('rules', () => {
  it('are at least 20 alerts with different names', () => {
    expect(alerts.length).toBeGreaterThanOrEqual(20);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it.each([...alerts, ...recordingRules])('$name uses families of the catalog', ({ expression }) => {
    const unknown = listFamilies(expression).filter((name) => findFamily(name) === undefined && !foreign.has(name));
    expect(unknown).toEqual([]);
  });

  it('are those of deploy/kustomize, which test/system/helm.test.ts writes', () => {
    interface Rules {
      readonly groups: readonly { readonly rules: readonly { readonly alert?: string; readonly expr: string }[] }[];
    }
    const toList = ({ groups }: Rules): string[] =>
      groups.flatMap(({ rules }) => rules.map(({ alert = '', expr }) => `${alert} ${expr}`));
    const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
    const manifests = parseManifests(read('../kustomize/prometheus-operator/monitoring.yaml'));
    const { spec } = manifests.find(({ kind }) => kind === 'PrometheusRule') as unknown as { spec: Rules };
    expect(toList(spec)).toEqual(toList(parse(read('kata-monitor.rules.yaml')) as Rules));
  });

  it.each(allReasons)('reason %s has an alert, or says why it needs none', (reason) => {
    expect(alertOfReason(reason) === undefined).toBe(reason in quietReasons);
  });
});

describe.skipIf(missing.length > 0)(`promtool (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let copy = '';

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'kata-rules-'));
    cpSync(folder, copy, { recursive: true });
  });

  afterAll(() => rm(copy, { recursive: true }));

  it('loads the rules', async () => {
    const { stdout } = await run('promtool', ['check', 'rules', join(folder, 'kata-monitor.rules.yaml')]);
    expect(stdout).toContain(`SUCCESS: ${alerts.length + recordingRules.length} rules found`);
  });

  it('sees each alert fire and stay quiet', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', join(folder, 'kata-monitor.rules.test.yaml')]);
    expect(stdout).toContain('SUCCESS');
  });

  it('finds rules that are wrong', async () => {
    const rules = readFileSync(join(folder, 'kata-monitor.rules.yaml'), 'utf8');
    const wrong = rules.replace('> 16000', '> 1e9').replace('kata_monitor_cri_up == 0', 'kata_monitor_cri_up == 2');
    writeFileSync(join(copy, 'kata-monitor.rules.yaml'), wrong);
    const failed = await run('promtool', ['test', 'rules', join(copy, 'kata-monitor.rules.test.yaml')]).catch(
      ({ stderr, stdout }: { stderr: string; stdout: string }) => stderr + stdout,
    );
    expect(failed).toContain('KataSandboxSamplesNearLimit');
    expect(failed).toContain('KataMonitorCriDown');
  });
});
