/**
 * The texts that come of the alerts and recording rules: rules for Prometheus, tests for promtool, runbooks. Writes nothing.
 */
import { stringify } from 'yaml';
import { type Alert, alertOfReason, alerts, allReasons, quietReasons } from './alerts.ts';
import { recordingRules } from './recording-rules.ts';

const notice = '# Made by `npm run generate` from scripts/monitoring; edit that, not this.\n';
export const rulesFileName = 'kata-monitor.rules.yaml';

function toYaml(value: unknown): string {
  return `${notice}${stringify(value, { lineWidth: 0 })}`;
}

export function runbookName({ name }: Alert): string {
  return `${name.toLowerCase()}.md`;
}

/** What Prometheus loads by `rule_files`. */
export function renderRules(): string {
  return toYaml({
    groups: [
      {
        name: 'kata-monitor.recording',
        rules: recordingRules.map(({ name, expression }) => ({ record: name, expr: expression })),
      },
      {
        name: 'kata-monitor.alerts',
        rules: alerts.map((alert) => ({
          alert: alert.name,
          expr: alert.expression,
          ...(alert.lasts !== undefined && { for: alert.lasts }),
          labels: { severity: alert.severity },
          annotations: { summary: alert.summary, runbook: `docs/runbooks/${runbookName(alert)}` },
        })),
      },
    ],
  });
}

const nodeLabels = { job: 'kata', instance: 'node-1' };
const sandboxLabels = { ...nodeLabels, sandbox_id: 's', cri_uid: 'u', cri_name: 'web', cri_namespace: 'shop' };

/** The series as promtool reads it, with the labels that Prometheus and the monitor add. */
function toSeries(series: string): string {
  const [, name = '', own = ''] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
  const added = /^kube_/.test(name) ? {} : /^(?:up|scrape_|kata_monitor_)/.test(name) ? nodeLabels : sandboxLabels;
  const names = [...own.matchAll(/(\w+)="/g)].map(([, label]) => label);
  const labels = Object.entries(added).filter(([label]) => !names.includes(label));
  return `${name}{${[own, ...labels.map(([label, value]) => `${label}="${value}"`)].filter((part) => part !== '').join(',')}}`;
}

/** Whether each alert fires on its own series, after the time that it waits and not before, and not on the quiet ones. */
export function renderPromtoolTests(): string {
  const input = (series: Alert['fires']) =>
    Object.entries(series).map(([name, values]) => ({ series: toSeries(name), values }));
  const firing = ({ name }: Alert) => `count(ALERTS{alertname="${name}",alertstate="firing"})`;
  const everFiring = (alert: Alert) => `count(max_over_time(${firing(alert).slice('count('.length, -1)}[3h]))`;
  const tests = alerts.flatMap((alert) => {
    const { amount = '0', unit = 'm' } = /^(?<amount>\d+)(?<unit>[mh])$/.exec(alert.lasts ?? '')?.groups ?? {};
    // Windows of rates and the changes in the series need some minutes beside it.
    const atMinutes = Number(amount) * (unit === 'h' ? 60 : 1) + 12;
    const fired = [{ labels: '{}', value: 1 }];
    const causes = [alert.fires, ...(alert.alsoFires ?? [])];
    return [
      ...causes.map((series, at) => ({
        name: `${alert.name} fires${at === 0 ? '' : ` by its cause ${at + 1}`}`,
        interval: '1m',
        input_series: input(series),
        promql_expr_test: [
          ...(alert.lasts === undefined ? [] : [{ expr: firing(alert), eval_time: '1m', exp_samples: [] }]),
          { expr: everFiring(alert), eval_time: `${Math.max(atMinutes, 22)}m`, exp_samples: fired },
        ],
      })),
      {
        name: `${alert.name} is quiet`,
        interval: '1m',
        input_series: input(alert.quiet),
        promql_expr_test: [{ expr: everFiring(alert), eval_time: `${atMinutes}m`, exp_samples: [] }],
      },
    ];
  });
  return toYaml({ rule_files: [rulesFileName], evaluation_interval: '1m', tests });
}

export function renderRunbook(alert: Alert): string {
  const list = (items: readonly string[]): string => items.map((item) => `- ${item}\n`).join('');
  return [
    `# ${alert.name}\n`,
    `\`npm run generate\` writes this file from scripts/monitoring. Do not edit it.\n`,
    `Severity: ${alert.severity}. ${alert.lasts === undefined ? 'It fires immediately.' : `It fires if this expression is true for ${alert.lasts}:`}\n`,
    `\`\`\`promql\n${alert.expression}\n\`\`\`\n`,
    `## What it means\n\n${alert.meaning}\n`,
    `## What to check\n\n${list(alert.look)}`,
    `## What to do\n\n${list(alert.act)}`,
  ].join('\n');
}

export function renderRunbookIndex(): string {
  const reasons = allReasons.map((reason) => {
    const alert = alerts.find(({ name }) => name === alertOfReason(reason));
    return `| \`${reason}\` | ${alert === undefined ? `none: ${quietReasons[reason]}` : `[${alert.name}](${runbookName(alert)})`} |`;
  });
  return [
    '# Runbooks\n',
    '`npm run generate` writes this file from scripts/monitoring. Do not edit it.\n',
    `The ${alerts.length} alerts of [deploy/prometheus](../../deploy/prometheus): their meaning, what to check, and what to do.\n`,
    '| Alert | Severity | After |\n|---|---|---|',
    ...alerts.map(
      (alert) => `| [${alert.name}](${runbookName(alert)}) | ${alert.severity} | ${alert.lasts ?? 'immediately'} |`,
    ),
    '\n## Reasons\n\nThe alert for each value of `reason` of `kata_sandbox_scrape_error`:\n',
    '| Reason | Alert |\n|---|---|',
    ...reasons,
    '',
  ].join('\n');
}
