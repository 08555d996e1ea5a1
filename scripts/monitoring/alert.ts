/**
 * An alert of deploy/prometheus: expression, severity, texts for the person on call, and the series that make promtool fire it or
 * keep it quiet. rule-files.ts makes rules, promtool's tests and runbooks of it.
 */
import { type SandboxErrorReason, sandboxErrorReasons } from '../../src/catalog/index.ts';

export interface Alert {
  readonly name: string;
  readonly expression: string;
  /** How long the expression has to hold, as Prometheus writes it; undefined: it fires at once. */
  readonly lasts?: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** One line, with templates of Prometheus. */
  readonly summary: string;
  /** For the runbook, in Markdown. */
  readonly meaning: string;
  readonly look: readonly string[];
  readonly act: readonly string[];
  /** Series for promtool, name and values; the labels of `sandboxLabels` or `nodeLabels` are added by the name. */
  readonly fires: Readonly<Record<string, string>>;
  /** Series of its other causes, each of which makes it fire as well. */
  readonly alsoFires?: readonly Readonly<Record<string, string>>[];
  readonly quiet: Readonly<Record<string, string>>;
}

/** In the order of the alphabet. */
export const allReasons = Object.keys(sandboxErrorReasons).sort() as SandboxErrorReason[];

/** Reasons that need no alert, and why. */
export const quietReasons: Readonly<Partial<Record<SandboxErrorReason, string>>> = {
  aborted: 'The client cancelled its request.',
  starting: 'The sandbox is younger than 30 s.',
};

export const unsafeReasons: readonly SandboxErrorReason[] = ['unsafe_socket'];
export const shortageReasons: readonly SandboxErrorReason[] = ['local_shortage'];
export const slowReasons: readonly SandboxErrorReason[] = ['slow'];
export const limitReasons: readonly SandboxErrorReason[] = [
  'help_too_long',
  'label_value_too_long',
  'name_too_long',
  'over_budget',
  'too_large',
  'too_many_families',
  'too_many_labels',
  'too_many_samples',
];
export const downReasons: readonly SandboxErrorReason[] = [
  'http_status',
  'internal',
  'missing',
  'protocol',
  'refused',
  'reset',
  'timeout',
];
/** All others: the sandbox sends what is not the exposition format, or what it may not send. */
export const invalidReasons = allReasons.filter(
  (reason) =>
    !(reason in quietReasons) &&
    ![unsafeReasons, shortageReasons, slowReasons, limitReasons, downReasons].some((list) => list.includes(reason)),
);

export const errorOf = (reasons: readonly string[]): string =>
  `kata_sandbox_scrape_error{reason=~"${reasons.join('|')}"} == 1`;
export const errorSeries = (reason: SandboxErrorReason): string => `kata_sandbox_scrape_error{reason="${reason}"}`;
export const pod =
  '{{ if $labels.cri_name }}{{ $labels.cri_namespace }}/{{ $labels.cri_name }}{{ else }}{{ $labels.sandbox_id }}{{ end }}';
export const onNode = `on {{ $labels.instance }}`;
export const always = (value: number): string => `${value}x180`;
export const lookAtSandbox = 'The state and the age of the sandbox: `kata-metrics ls` on the node.';
export const lookAtLog = 'The log of kata-monitor on the node, which reports each change of the reason once.';
export const lookAtShim = 'The log of the shim: `journalctl -t kata` on the node.';
